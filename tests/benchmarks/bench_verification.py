"""What it costs that every stage verifies what it reads, in CPU seconds.

Run alone: ``python tests/benchmarks/bench_verification.py``. The scripts of the rules that read the
most run in processes of their own, with and without verification of what they read, in turns:
denoise and embed on a shard of 1,000 images, score and collect on 100,000 rows. CPU seconds of a
process hardly depend on what else the machine does, but differ by more than what is looked for, so
that the time within the checks, those of what is written too, is also counted by itself.
"""

import json
import os
import statistics
import tempfile
from pathlib import Path

from bench_survey import (
    CHECKING,
    CHECKS,
    N_FEATURES,
    SCALE,
    SHARD,
    THREADS,
    jobs,
    start,
)

ROWS = 100_000
TURNS = 5
MORE = 1 + CHECKING / 100


def run() -> list[dict]:
    """Return rows of `rows.row`; with the lowest and the highest of the turns beside the median."""
    with tempfile.TemporaryDirectory() as folder:
        return [row for stage, job in prepared(Path(folder)) for row in compared(stage, job)]


def prepared(work: Path):
    """Yield (stage, job) when everything that the job reads is there."""
    preset = json.loads(start("prepare_models", {"folder": str(work)})["printed"])
    files, results = {"folder": str(work / "survey"), "n_images": SHARD}, work / "results"
    start("write_files", files)
    for stage, job in jobs(work, results, files["folder"], 1, preset):
        job = {**job, "log": [str(results / "log.txt")]}
        if stage == "embed":
            yield "denoise", denoising(job, preset)
        if stage == "score":
            path = job["input"]["embeddings"]
            start("prepare_embeddings", {"path": path, "n_rows": ROWS})
        if stage in ("embed", "score", "collect"):
            yield stage, job
        if stage == "collect":
            return
        start("run_job", job)


def denoising(embedding: dict, preset: dict) -> dict:
    """Return the job that denoises what another one embeds."""
    images, (denoiser,) = (embedding["input"][name] for name in ("images", "denoiser"))
    return {
        **embedding,
        "script": "denoise_images",
        "input": {"images": images, "denoiser": denoiser},
        "output": {"stack": images.replace("images", "denoised")},
        "params": {**embedding["params"], "preset": preset, "math_threads": THREADS},
        "wildcards": {"scale": SCALE, "features": str(N_FEATURES)},
    }


def compared(stage: str, job: dict) -> list[dict]:
    """Run a job with and without verification, in turns; return its rows."""
    from rows import row

    seconds: dict[bool, list[float]] = {True: [], False: []}
    shares, log = [], Path(job["log"][0])
    for turn in range(TURNS):
        for verified in (turn % 2 == 0, turn % 2 == 1):
            cpu = start("run_job", {**job, "verified": verified})["cpu"]
            seconds[verified].append(cpu)
            if verified:
                shares.append(100 * float(log.with_suffix(CHECKS).read_text()) / cpu)
    ours, peer = (statistics.median(seconds[verified]) for verified in (True, False))
    name = f"verification in {stage}"
    spread = {"ours_range": ends(seconds[True]), "peer_range": ends(seconds[False])}
    return [
        row(f"{name}: with beside without", "CPU s", ours, peer, MORE, "at most") | spread,
        row(
            f"{name}: checks, of its CPU time",
            "%",
            statistics.median(shares),
            goal=CHECKING,
            bound="at most",
        )
        | {"ours_range": ends(shares)},
    ]


def ends(values: list[float]) -> list[float]:
    """Return the lowest and the highest value."""
    return [float(f"{value:.4g}") for value in (min(values), max(values))]


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    print(json.dumps(run(), indent=1))
