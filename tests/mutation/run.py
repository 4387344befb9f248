"""Count the mistakes in the modules that carry the science that their unit tests notice.

    python tests/mutation/run.py [MODULE ...]

writes the score of each module to results/published/mutation.json. Every mutant is tried in a
child of this process that has imported what takes long, with a limit on its time.
"""

import argparse
import importlib
import importlib.machinery
import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests")]

import pytest  # noqa: E402

from mutation.mutants import Mutant, mutants  # noqa: E402

LIBRARY = ROOT / "scripts/lensflow"
PUBLISHED = ROOT / "results/published/mutation.json"
EQUIVALENT = json.loads((HERE / "equivalent.json").read_text())
"""Reasons, by module and name, why a mutant does the same as the module."""

MIXTURE = ("cluster/test_mixture.py",)
MODULES = {
    "cluster/probability": ("cluster/test_probability.py",),
    "cluster/mixture/engine": MIXTURE,
    "cluster/mixture/fitting": MIXTURE,
    "cluster/mixture/parameters": MIXTURE,
    "cluster/mixture/reference": MIXTURE,
    "cluster/mixture/variational": MIXTURE,
    "evaluate/metrics": ("evaluate/test_metrics.py",),
    "evaluate/selection": ("evaluate/test_selection.py",),
    "prepare/augmentation": ("prepare/test_augmentation.py",),
    "prepare/scaling": ("prepare/test_scaling.py",),
    "prepare/splits": ("prepare/test_splits.py",),
}
"""The modules, and the files of tests that are to notice."""

IMPORTED = ("h5py", "numpy", "pandas", "scipy.special", "sklearn.cluster", "sklearn.mixture")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
LEAST_S, TIMES_LONGER, ENDLESS_S = 20, 5, 3600


def files_of(tests: Sequence[str]) -> list[Path]:
    """Return the paths of files of unit tests."""
    return [ROOT / "tests/unit" / test for test in tests]


def passes(tests: Sequence[Path], path: Path, source: str, cpu_s: float) -> bool:
    """Run tests in a child in which a module has another source; say if all of them pass."""
    child = os.fork()
    if child == 0:
        _try(tests, path, source, cpu_s)
    return os.waitpid(child, 0)[1] == 0


def _try(tests, path, source, cpu_s) -> None:
    """Run tests and end this process: by a status, or by a signal when they take too long."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s), int(cpu_s)))
    signal.alarm(ENDLESS_S)
    loader = importlib.machinery.SourceFileLoader
    unchanged = loader.get_code

    def get_code(self, name):
        is_it = Path(self.path) == path
        return compile(source, path, "exec") if is_it else unchanged(self, name)

    loader.get_code = get_code
    # Plugins of others take five times as long as the tests of some modules.
    options = ["-x", "-q", "-p", "no:cacheprovider", "--disable-plugin-autoload"]
    options += ["--rootdir", str(ROOT)]
    os._exit(pytest.main([*options, *map(str, tests)]))


def score(module: str, every: int = 1) -> dict:
    """Try every mutant of a module, or one of so many; return its row."""
    path = LIBRARY / f"{module}.py"
    source, tests = path.read_text(), files_of(MODULES[module])
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    if not passes(tests, path, source, ENDLESS_S):
        raise SystemExit(f"{tests} fail as it is")
    taken = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    cpu_s = LEAST_S + TIMES_LONGER * taken
    known = EQUIVALENT.get(module, {})
    found = mutants(source)
    if strange := sorted(known.keys() - {mutant.name for mutant in found}):
        raise SystemExit(f"equivalent.json names mutants that {module} does not have: {strange}")
    tried = [mutant for mutant in found if mutant.name not in known][::every]
    survived = [m for m in tried if _survives(m, module, tests, path, cpu_s)]
    return {
        "module": module,
        "mutants": len(found),
        "equivalent": len(known),
        "caught": len(tried) - len(survived),
        "score": round(1 - len(survived) / len(tried), 3),
        "survived": [mutant.name for mutant in survived],
    }


def _survives(mutant: Mutant, module: str, tests: list[Path], path: Path, cpu_s: float) -> bool:
    survives = passes(tests, path, mutant.source, cpu_s)
    if survives:
        print(f"{module}: survived: {mutant.name}", flush=True)
    return survives


def main() -> None:
    """Score modules; rows of others stay as they are."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=", ".join(MODULES))
    names = parser.parse_args().modules or list(MODULES)
    # Before numpy: a child of this process has no threads to miss.
    os.environ.update(ONE_THREAD)
    for name in IMPORTED:
        importlib.import_module(name)
    rows = json.loads(PUBLISHED.read_text()) if PUBLISHED.is_file() else []
    for name in names:
        row = score(name)
        rows = sorted([r for r in rows if r["module"] != name] + [row], key=lambda r: r["module"])
        PUBLISHED.write_text(json.dumps(rows, indent=1) + "\n")
        print({key: value for key, value in row.items() if key != "survived"}, flush=True)


if __name__ == "__main__":
    main()
