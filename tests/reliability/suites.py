"""Suites of generated cases: run in children and counted.

PYTHONPATH=scripts:tests python -m reliability.suites --kind fits --cases 1000
"""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reliability.outcomes import BAD, CRASH, GOOD, HANG

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
CORPUS = json.loads((TESTS / "reliability/corpus.json").read_text())
CASES = {"fits": 1000, "catalogue": 400, "config": 500}
"""Kinds of cases, and how many of them the long run takes."""

BATCH = 100
SIGALRM = -14


@dataclass(frozen=True)
class Result:
    """What became of a case."""

    seed: int
    outcome: str
    note: str


def run_cases(kind: str, seeds: Sequence[int]) -> list[Result]:
    """Run cases in children, `BATCH` in each; a child that dies takes one case with it."""
    results: list[Result] = []
    waiting = list(seeds)
    while waiting:
        done = _child(kind, waiting[:BATCH])
        results += done
        waiting = waiting[len(done) :]
    return results


def _child(kind: str, seeds: Sequence[int]) -> list[Result]:
    """Return the results of one child, the last of which may be its death."""
    paths = [str(ROOT / "scripts"), str(TESTS)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "reliability.child", kind, *map(str, seeds)]
    child = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT
    )
    lines = [json.loads(line) for line in child.stdout.splitlines() if line.startswith("{")]
    results = [Result(**line) for line in lines if "outcome" in line]
    began = [line["began"] for line in lines if "began" in line]
    if len(began) > len(results):
        outcome = HANG if child.returncode == SIGALRM else CRASH
        results.append(
            Result(began[-1], outcome, f"status {child.returncode} {child.stderr[-300:]}")
        )
    elif not results:
        raise RuntimeError(child.stderr)
    return results


def bad(results: Iterable[Result]) -> list[Result]:
    """Return the results that must not be."""
    return [result for result in results if result.outcome in BAD]


def counts(results: Iterable[Result]) -> dict[str, int]:
    """Return how many results there are of each outcome."""
    found = Counter(result.outcome for result in results)
    return {name: found[name] for name in (*GOOD, *BAD)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a suite and print its counts and every bad case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=sorted(CASES), required=True)
    parser.add_argument("--cases", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, nargs="*")
    parser.add_argument("--all", action="store_true", help="print every case")
    chosen = parser.parse_args(arguments)
    seeds = chosen.seeds or range(chosen.first, chosen.first + (chosen.cases or CASES[chosen.kind]))
    results = run_cases(chosen.kind, list(seeds))
    for result in results if chosen.all else bad(results):
        print(result.seed, result.outcome, result.note)
    print(counts(results))


if __name__ == "__main__":
    main()
