"""How fast the networks train: the fast layers against the plain Keras layers of the author's code.

    python tests/benchmarks/bench_training.py [--long] [--gpu]

Same backend (KERAS_BACKEND, which run.py takes from config.yaml), same batch, same threads; the two
take turns (ABBA), so that a busy machine slows both, and the median of the steps counts.
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
H100_GOAL = 15_000  # 500 epochs of 100,000 images in under an hour


def run(long: bool = False, gpu: bool = False) -> list[dict]:
    """Measure training and return one row a quantity.

    Parameters
    ----------
    long : bool
        More rounds, and the loss curve of bfloat16 beside that of float32.
    gpu : bool
        Measure on the GPU, with the images there and many steps compiled together.

    Returns
    -------
    list of dict
        See `rows.row`.
    """
    from lensflow.networks.runtime import start_backend

    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    start_backend(backend, None if gpu else THREADS, deterministic=False)
    if gpu:
        return _on_gpu(backend)
    rows = _throughput(16 if long else 8, backend)
    return [*rows, _loss_curves(40, backend)] if long else rows


def _compile(layers, precision, images=None, **options):
    import keras

    from lensflow.networks.build import build_network
    from lensflow.train.model import TrainingModel

    network = build_network("autoencoder", paper(), N_FEATURES, layers, precision=precision)
    model = TrainingModel(network, images)
    model.compile(keras.optimizers.Adam(0.001), **options)
    return model


def _images(n_images):
    noise = np.random.default_rng(0).random((n_images, 101, 101), dtype="float32")
    return 0.7 * blobs(n_images, 101) + 0.3 * noise


def _throughput(rounds, backend):
    """Time steps of the plain and the fast layers in turns."""
    models = {
        "peer": _compile("plain", "float32"),
        "float32": _compile("phase", "float32"),
        "bfloat16": _compile("phase", "bfloat16"),
    }
    batch = {"images": _images(BATCH)[..., None], "turns": np.zeros(BATCH, "int32")}
    seconds = {name: [] for name in models}
    for number in range(-WARM_UP, rounds):
        for name in list(models)[:: 1 if number % 2 == 0 else -1]:
            start = time.perf_counter()
            models[name].train_on_batch(batch)
            if number >= 0:
                seconds[name].append(time.perf_counter() - start)
    speed = {name: BATCH / np.median(values) for name, values in seconds.items()}
    peer, title = speed["peer"], f"training, paper preset, {backend}"
    return [
        row(f"{title}, {name}", "images/s", speed[name], peer, goal) for name, goal in GOALS.items()
    ]


def _loss_curves(steps, backend):
    """Train the same images in both precisions; the last loss may differ by one per cent."""
    images = _images(8)[..., None]
    batch = {"images": images, "turns": np.zeros(len(images), "int32")}
    losses = {}
    for precision in GOALS:
        model = _compile("phase", precision)
        curve = [float(model.train_on_batch(batch)) for _ in range(steps)]
        losses[precision] = np.mean(curve[-5:])
    name, (peer, ours) = f"loss in bfloat16 beside float32, {backend}", losses.values()
    return row(name, "nats a pixel", ours, peer, 1.01, "at most")


def _on_gpu(backend):
    """Train on images that lie on the GPU, 32 steps at a time, against the plain layers there."""
    images, speed = _images(4096), {}
    index = np.resize(np.arange(len(images), dtype="int32"), 16 * len(images))
    for layers, precision in (("plain", "float32"), ("phase", "float32"), ("phase", "bfloat16")):
        model = _compile(layers, precision, images, steps_per_execution=32)
        data = {"rows": index, "turns": np.zeros_like(index)}
        warm_up = {key: values[: 64 * BATCH] for key, values in data.items()}
        model.fit(warm_up, batch_size=BATCH, shuffle=False, verbose=0)
        start = time.perf_counter()
        model.fit(data, batch_size=BATCH, shuffle=False, verbose=0)
        speed[layers, precision] = len(index) / (time.perf_counter() - start)
    plain, name = speed["plain", "float32"], f"training on a GPU, paper preset, {backend}, {{}}"
    best = max(speed.values())
    return [
        row(name.format("float32"), "images/s", speed["phase", "float32"], plain, 2.0),
        row(name.format("bfloat16"), "images/s", speed["phase", "bfloat16"], plain, 2.0),
        row(name.format("the best"), "images/s", best, goal=H100_GOAL),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--gpu", action="store_true")
    print(json.dumps(run(**vars(parser.parse_args())), indent=1))
