"""How fast the networks train: the fast layers against the plain Keras layers of the author's code.

    python tests/benchmarks/bench_training.py [--long]

Same backend (KERAS_BACKEND, which run.py takes from config.yaml), same batch, same threads; the two
take turns (ABBA), so that a busy machine slows both, and the median of the steps counts. On a GPU:
bench_gpu.py.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from rows import row  # noqa: E402

from network_presets import blobs, paper  # noqa: E402

BATCH = 32
THREADS = 2
N_FEATURES = 24
# Rounds that do not count: memory is allocated, kernels are chosen.
WARM_UP = 2
GOALS = {"float32": 2.5, "bfloat16": 3.5}


def run(long: bool = False) -> list[dict]:
    """Measure training and return one row a quantity.

    Parameters
    ----------
    long : bool
        More rounds, and the loss curve of bfloat16 beside that of float32.

    Returns
    -------
    list of dict
        See `rows.row`.
    """
    from lensflow.networks.runtime import start_backend

    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    start_backend(backend, THREADS, deterministic=False)
    rows = throughput(paper(), 16 if long else 8, backend)
    return [*rows, loss_curves(paper(), 40, backend)] if long else rows


def compiled(preset, layers, precision, images=None, **options):
    """Return a training model of the autoencoder, ready for its steps.

    Parameters
    ----------
    preset : mapping
    layers, precision : str
        As for `lensflow.networks.build.build_network`.
    images : ndarray of shape (n, size, size), optional
        Those that lie on the device; a batch names their rows.
    **options
        Those of ``keras.Model.compile``.
    """
    import keras

    from lensflow.networks.build import build_network
    from lensflow.train.model import TrainingModel

    network = build_network("autoencoder", preset, N_FEATURES, layers, precision=precision)
    model = TrainingModel(network, None if images is None else {"images": images})
    model.compile(keras.optimizers.Adam(0.001), **options)
    return model


def noisy_images(n_images, size):
    """Return images (n, size, size) in [0, 1]: blobs in noise."""
    noise = np.random.default_rng(0).random((n_images, size, size), dtype="float32")
    return 0.7 * blobs(n_images, size) + 0.3 * noise


def throughput(preset, rounds, backend):
    """Time steps of the plain and the fast layers in turns; return rows."""
    from lensflow.networks.runtime import fast_precision

    models = {
        "peer": compiled(preset, "plain", "float32"),
        "float32": compiled(preset, "phase", "float32"),
        "bfloat16": compiled(preset, "phase", "bfloat16"),
    }
    batch = {"images": noisy_images(BATCH, preset["image_size"])}
    seconds = {name: [] for name in models}
    for number in range(-WARM_UP, rounds):
        for name in list(models)[:: 1 if number % 2 == 0 else -1]:
            start = time.perf_counter()
            models[name].train_on_batch(batch)
            if number >= 0:
                seconds[name].append(time.perf_counter() - start)
    speed = {name: BATCH / np.median(values) for name, values in seconds.items()}
    peer, title = speed["peer"], f"training, paper preset, {backend}"
    rows = [
        row(f"{title}, {name}", "images/s", speed[name], peer, goal) for name, goal in GOALS.items()
    ]
    auto = fast_precision()
    # Never slower than float32, up to what a busy machine adds.
    name, speeds = f"{title}, auto ({auto}) over float32", (speed[auto], speed["float32"])
    return [*rows, row(name, "images/s", *speeds, goal=0.95)]


def loss_curves(preset, steps, backend):
    """Train the same images in both precisions; the last loss may differ by one per cent."""
    batch = {"images": noisy_images(8, preset["image_size"])}
    losses = {}
    for precision in GOALS:
        model = compiled(preset, "phase", precision)
        curve = [float(model.train_on_batch(batch)) for _ in range(steps)]
        losses[precision] = np.mean(curve[-5:])
    name = f"loss in bfloat16 beside float32, {backend}"
    return row(
        name, "nats a pixel", losses["bfloat16"], losses["float32"], goal=1.01, bound="at most"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    print(json.dumps(run(**vars(parser.parse_args())), indent=1))
