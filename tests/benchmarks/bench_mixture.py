"""How fast the own mixture engine is beside scikit-learn, for the same iterations and result."""

import argparse
import json
import time
import warnings

import numpy as np
from rows import row
from sklearn.exceptions import ConvergenceWarning

from lensflow.cluster import clusterers

N_FEATURES = 24
N_ITERATIONS = 30
GOAL = 5.0


def embeddings(n: int, d: int = N_FEATURES, seed: int = 0) -> np.ndarray:
    """Return overlapping clusters behind a ReLU, like embeddings of the paper: (n, d) float32."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(d, size=n)
    factors = 1.2 * rng.normal(size=(d, d, d)) / np.sqrt(d)
    centres = rng.normal(size=(d, d))
    x = centres[labels] + np.einsum("nij,nj->ni", factors[labels], rng.normal(size=(n, d)))
    return np.maximum(x, 0.0).astype(np.float32)


def seconds(x: np.ndarray, engine: str) -> tuple[float, np.ndarray]:
    """Return the time of one fit, k-means included, and its labels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = time.perf_counter()
        # A tolerance of zero is never met: both engines do every iteration.
        chosen = {"n_components": N_FEATURES, "seed": 0, "max_iter": N_ITERATIONS, "tol": 0.0}
        fitted = clusterers.fit(engine, x, **chosen)
        elapsed = time.perf_counter() - start
    return elapsed, fitted.labels(x)


def compare(n: int, repeats: int) -> dict:
    """Return one row: both engines in turn, the fastest run of each."""
    x = embeddings(n)
    times: dict[str, list[float]] = {"lensflow": [], "scikit-learn": []}
    labels = {}
    for _ in range(repeats):
        for engine, elapsed in times.items():
            spent, labels[engine] = seconds(x, engine)
            elapsed.append(spent)
    if not np.array_equal(labels["lensflow"], labels["scikit-learn"]):
        raise AssertionError(f"the engines disagree on the labels of {n} embeddings")
    ours, peer = (N_ITERATIONS / min(times[engine]) for engine in times)
    name = f"mixture of {N_FEATURES}, {n:,} x {N_FEATURES}, k-means and {N_ITERATIONS} iterations"
    return row(name, "iterations/s", ours, peer, GOAL)


def run(long: bool = False) -> list[dict]:
    """Return the rows of this benchmark; 100,000 embeddings only when ``long``."""
    return [compare(25_600, repeats=2), *([compare(100_000, repeats=1)] if long else [])]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="also 100,000 embeddings")
    print(json.dumps(run(parser.parse_args().long), indent=2))
