"""A dataset of 200 shards to its end, each shard a job and in groups: what the groups save.

    .venv/bin/python -m pytest tests/slurm/test_many_shards.py -m long -s

prints submissions and wall time of both (workflow/docs/many_jobs.md has them).
"""

import time

import pytest

from profiles import grouped
from slurm.conftest import Run
from slurm.test_groups import INDEX, MEMBERS, prepare

N_SHARDS = 200
TIMEOUT_S = 5400


def measured(cluster, profile, folder):
    """Run a dataset of many shards to its index; return the run, and its wall time in seconds."""
    begin = time.monotonic()
    run = Run(cluster, profile, prepare(folder, N_SHARDS), "--", INDEX)
    try:
        assert run.wait(TIMEOUT_S) == 0, run.output[-8000:]
    finally:
        run.kill()
    return run, time.monotonic() - begin


@pytest.mark.long
def test_groups_of_shards_are_the_same_bytes_in_fewer_submissions(cluster, profile, tmp_path):
    here = tmp_path / "grouped"
    here.mkdir()
    (here / "profile.yaml").write_text(grouped((profile / "profile.yaml").read_text()))
    alone, alone_s = measured(cluster, profile, tmp_path / "alone")
    together, together_s = measured(cluster, here, tmp_path / "together")
    calls = {}
    for run, seconds in ((alone, alone_s), (together, together_s)):
        calls[run] = sum(job["WorkDir"] == str(run.folder) for job in cluster.jobs())
        print(f"{run.folder.name}: {calls[run]} submissions, {seconds:.0f} s")
    others = calls[alone] - N_SHARDS
    assert calls[together] == others + N_SHARDS // MEMBERS
    paths = [f"results/data/survey/images/shard_{i}.h5" for i in range(N_SHARDS)] + [INDEX]
    for path in paths:
        assert (alone.folder / path).read_bytes() == (together.folder / path).read_bytes(), path
