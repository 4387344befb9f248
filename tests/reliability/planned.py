"""The jobs that Snakemake plans, run one after the other in this process: no start-up for each.

    python -m reliability.planned FOLDER [TARGET...]

prints the jobs of the workflow in a folder with a config.yaml, in an order in which they can run.
"""

import base64
import contextlib
import io
import pickle
import subprocess
import sys
from pathlib import Path

from jobs import given

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("output", "params", "wildcards")


def planned(folder, *targets):
    """Return (script, what Snakemake would give it) of each job, in order."""
    command = [sys.executable, "-m", "reliability.planned", str(folder), *targets]
    done = subprocess.run(command, cwd=ROOT / "tests", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    jobs = pickle.loads(base64.b64decode(done.stdout.splitlines()[-1]))
    return [(script, given(**parts)) for script, parts in jobs]


def plan(folder, *targets):
    """Ask Snakemake for the jobs of some targets; without any, of everything that a run makes."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import DAGSettings, OutputSettings, Quietness, ResourceSettings

    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        loaded = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            snakefile=ROOT / "Snakefile",
            workdir=Path(folder),
        )
        asked = loaded.dag(DAGSettings(forceall=True, targets=frozenset(targets)))
        with contextlib.redirect_stdout(io.StringIO()):
            asked.printrulegraph()
        dag = loaded._workflow.dag
        levels = [sorted(level, key=str) for level in dag.toposorted()]
        return [_described(job) for level in levels for job in level if job.rule.script]


def _described(job):
    parts = {name: _plain(getattr(job, name)) for name in PARTS}
    inputs = _plain(job.input)
    named = {str(path) for paths in inputs.values() for path in _listed(paths)}
    unnamed = [str(path) for path in job.input if str(path) not in named]
    parts |= {"input": inputs, "unnamed": unnamed, "log": str(job.log[0]), "rule": job.rule.name}
    return Path(str(job.rule.script)).name, parts


def _listed(paths):
    return [paths] if isinstance(paths, str) else list(paths)


def _plain(names):
    """Return named files or values as plain ones: none of Snakemake's own kinds."""
    plain = {}
    for name, value in names.items():
        plain[name] = str(value) if isinstance(value, str) else value
        if isinstance(value, list) and type(value) is not list:
            plain[name] = [str(each) for each in value]
    return plain


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "scripts"))
    print(base64.b64encode(pickle.dumps(plan(*sys.argv[1:]))).decode())
