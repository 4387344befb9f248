"""How fast lenses are simulated on one core, with all three images and their files.

Run alone: ``python tests/benchmarks/bench_simulation.py [--long]``. CPU seconds count, which a busy
machine stretches less than wall time; the best of three rounds. Where lenstronomy is installed (it
is no part of the environment) it renders galaxies, masses and sources drawn alike, and is a peer
of one more row.
"""

import importlib.util
import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

# One core: read when NumPy is imported.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from rows import row

from lensflow.simulate.shards import simulate_shard

GOAL = 100.0


def run(long: bool = False) -> list[dict]:
    """Return rows of `rows.row`."""
    n_objects = 1000 if long else 200
    rows = []
    for population in ("training", "challenge"):
        cpu, wall = speed(population, n_objects)
        name = f"simulation, three images an object, {population} population"
        rows.append(row(name, "objects/CPU s", cpu, goal=GOAL) | {"objects_per_second": wall})
        if importlib.util.find_spec("lenstronomy"):
            peer = lenstronomy_speed(population, n_objects // 10)
            rows.append(
                row(f"simulation over lenstronomy, {population}", "objects/CPU s", cpu, peer)
            )
    return rows


def speed(population: str, n_objects: int, rounds: int = 3) -> tuple[float, float]:
    """Return objects a CPU second and objects a second, the best round of each."""
    cpu, wall = [], []
    for number in range(-1, rounds):
        # The first round, of few objects, fills caches and is not counted.
        count = n_objects if number >= 0 else 10
        with tempfile.TemporaryDirectory() as folder:
            began = time.process_time(), time.perf_counter()
            simulate_shard(folder, population, 100_000 + number * n_objects, count, seed=1)
            ended = time.process_time(), time.perf_counter()
        if number >= 0:
            cpu.append(n_objects / (ended[0] - began[0]))
            wall.append(n_objects / (ended[1] - began[1]))
    return max(cpu), round(max(wall), 1)


def lenstronomy_speed(population: str, n_objects: int) -> float:
    """Return objects a CPU second of the same rendering by lenstronomy, without any file."""
    from lenstronomy_peer import draw, render

    render(*draw(population, 0))
    objects = [draw(population, number) for number in range(1, n_objects + 1)]
    began = time.process_time()
    for galaxies, mass, clumps in objects:
        render(galaxies, mass, clumps)
    return n_objects / (time.process_time() - began)


if __name__ == "__main__":
    print(json.dumps(run(long="--long" in sys.argv), indent=1))
