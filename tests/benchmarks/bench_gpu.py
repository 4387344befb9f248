"""How fast a card multiplies matrices, how fast the networks train on it, and where a step goes.

    python tests/benchmarks/bench_gpu.py [--minutes 6]

The autoencoder of the `paper` preset trains on images that lie on the card: the fast layers beside
the author's layers in plain Keras, in the same precision and the same batches. Each speed stands
beside the rate at which the same card multiplies large matrices in that precision: the share says
what is left. The backend is KERAS_BACKEND, which run.py takes from config.yaml.
"""

import argparse
import dataclasses
import json
import math
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from bench_training import N_FEATURES, compiled, noisy_images  # noqa: E402
from rows import row  # noqa: E402

from network_presets import paper  # noqa: E402

PRECISIONS = ("bfloat16", "float32")
H100_GOAL = 15_000  # 500 epochs of 100,000 images in under an hour
OVER_PLAIN = 2.0
TRAINING = "training, images on the device, paper preset"
TITLES = {"phase": "fast layers", "plain": "plain Keras layers"}
PRODUCTS = 32
PROFILED = (("phase", "bfloat16"), ("phase", "float32"), ("plain", "bfloat16"))
NO_PRODUCTS = ("Flatten", "Reshape", "InputLayer")
"""Layers that only rename what is there."""
PROFILE_SHARE = 0.25
"""Of the seconds for which a speed is measured: a layer alone is compiled for longer than that."""


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How much is measured; in a dry run a small part of it.

    Attributes
    ----------
    matrix : int
        Side of the matrices.
    batches : tuple of int
        Images in a step; the middle one is also that of the profile.
    images : int
        Images that lie on the card.
    steps : int
        Steps that are compiled together, where the backend does that.
    seconds : float
        How long a speed is measured.
    """

    matrix: int = 8192
    batches: tuple[int, ...] = (32, 128, 512)
    images: int = 4096
    steps: int = 32
    seconds: float = 2.0

    def scaled(self, scale: float) -> "Sizes":
        """Return the sizes of a run that is ``scale`` times as large."""
        return Sizes(
            max(64, round(self.matrix * scale)),
            tuple(sorted({max(1, round(batch * scale)) for batch in self.batches})),
            max(2, round(self.images * scale)),
            max(1, round(self.steps * scale)),
            self.seconds * scale,
        )


def run(minutes: float) -> list[dict]:
    """Measure for so long; return rows of `rows.row`."""
    from lensflow.networks.runtime import has_accelerator, start_backend

    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    start_backend(backend, deterministic=False)
    if not has_accelerator():
        raise SystemExit(f"{backend} sees no GPU; one was expected. See workflow/docs/gpu.md")
    ends, sizes = time.time() + 60 * minutes, Sizes()
    rates = matrix_rates(sizes)
    found = [*matrix_rows(rates, backend), *speeds(paper(), sizes, rates, backend, ends)]
    for entry in found:
        if "failed" in entry:
            print(f"{entry['name']}: {entry['failed']}", file=sys.stderr)
    return [entry for entry in found if "failed" not in entry]


# --- matrices -------------------------------------------------------------------------------------


def matrix_rates(sizes: Sizes) -> dict[str, float]:
    """Return how many operations a second large products of matrices reach in each precision.

    Two operations for a multiplication and an addition. What float32 is on the card is the
    backend's choice, as in the networks: on NVIDIA's since Ampere its products are TF32.
    """
    return {precision: _matrix_rate(sizes, precision) for precision in PRECISIONS}


def _matrix_rate(sizes: Sizes, precision: str) -> float:
    from lensflow.networks.inference import predict

    model, side = _products(sizes.matrix, precision), sizes.matrix
    inputs = np.arange(1, side + 1, dtype="float32")[:, None]
    predict(model, inputs, side)  # compiles
    seconds, end = [], time.perf_counter() + sizes.seconds
    while not seconds or time.perf_counter() < end:
        begin = time.perf_counter()
        predict(model, inputs, side)
        seconds.append(time.perf_counter() - begin)
    return 2 * side**3 * PRODUCTS / float(np.median(seconds))


def _products(side: int, precision: str):
    """Return a model that multiplies a matrix, made on the card, again and again."""
    import keras

    from lensflow.networks.build import dtype_policy

    column = keras.Input((1,))
    # Numbers of either sign and no pattern: what is multiplied decides how fast a card may run.
    matrix = keras.ops.sin(column * np.arange(1, side + 1, dtype="float32") ** 1.5)
    multiply = keras.layers.Dense(side, use_bias=False, dtype=dtype_policy(precision))
    for _ in range(PRODUCTS):
        matrix = multiply(matrix)
    return keras.Model(column, keras.ops.max(matrix, axis=1))


def matrix_rows(rates: Mapping[str, float], backend: str) -> list[dict]:
    """Return a row for each precision."""
    return [
        row(f"products of large matrices, {backend}, {precision}", "TFLOP/s", rate / 1e12)
        for precision, rate in rates.items()
    ]


# --- training -------------------------------------------------------------------------------------


def speeds(
    preset: Mapping, sizes: Sizes, rates: Mapping[str, float], backend: str, ends: float
) -> Iterator[dict]:
    """Yield rows on training, the most telling first, until the time is over.

    What fails, for want of memory say, is a row of ``name`` and ``failed``, and the rest goes on.

    Parameters
    ----------
    preset : mapping
    sizes : Sizes
    rates : mapping of str to float
        What `matrix_rates` returns.
    backend : str
        For the names.
    ends : float
        Time, in seconds as of ``time.time``, after which nothing new is begun.
    """
    images, best = noisy_images(sizes.images, preset["image_size"]), 0.0
    for precision in PRECISIONS:
        for batch in sizes.batches:
            found, named = {}, f"{backend}, {precision}, batches of {batch}"
            for layers, title in TITLES.items():
                if best and time.time() > ends:
                    continue
                try:
                    found[layers] = _measured(preset, layers, precision, images, batch, sizes)
                except Exception as error:  # each backend has its own for a card that is full
                    yield {"name": f"{TRAINING}, {title}, {named}", "failed": reason(error)}
            yield from _speed_rows(found, named, rates[precision])
            best = max([best, *(speed for speed, _ in found.values())])
    if best:
        yield row(f"{TRAINING}, {backend}, the best", "images/s", best, goal=H100_GOAL)


def reason(error: Exception) -> str:
    """Return the kind of an error and the first line of what it says."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first[:300]}"


def _measured(preset, layers, precision, images, batch, sizes) -> tuple[float, float]:
    """Return images a second and operations a second of one way of training."""
    model = compiled(preset, layers, precision, images, steps_per_execution=sizes.steps)
    rows = np.resize(np.arange(len(images), dtype="int32"), 2 * sizes.steps * batch)
    speed = batch / _seconds_a_step(model, {"rows": rows}, batch, sizes.seconds)
    return speed, speed * training_operations(model.network)


def _speed_rows(found: Mapping, named: str, rate: float) -> Iterator[dict]:
    """Yield how fast each kind of layers is, and what share of the matrix rate that takes."""
    for layers, (speed, operations) in found.items():
        peer = found["plain"][0] if layers == "phase" and "plain" in found else None
        goal = None if peer is None else OVER_PLAIN
        name = f"{TRAINING}, {TITLES[layers]}, {named}"
        yield row(name, "images/s", speed, peer, goal)
        yield row(f"{name}: over the matrix rate", "TFLOP/s", operations / 1e12, rate / 1e12)


def _seconds_a_step(model, data: Mapping, batch: int, seconds: float) -> float:
    """Return how long a step takes, from as many as fit into some seconds."""

    # Keras takes the backend that is set when it is imported.
    from lensflow.train.feeding import in_order

    def fit(repeats):
        begin = time.perf_counter()
        whole = {name: np.concatenate([values] * repeats) for name, values in data.items()}
        # As a training does, whose passes wait for no thread of TensorFlow's.
        model.fit(**in_order(whole, batch), shuffle=False, verbose=0)
        return time.perf_counter() - begin

    fit(1)  # compiles
    repeats = max(1, round(seconds / fit(1)))
    n_steps = repeats * math.ceil(len(next(iter(data.values()))) / batch)
    return fit(repeats) / n_steps


# --- where a step goes ----------------------------------------------------------------------------


def profiled_batch(sizes: Sizes) -> int:
    """Return in which batches a step is profiled: of middling size."""
    return sizes.batches[len(sizes.batches) // 2]


def layer_times(
    preset: Mapping, sizes: Sizes, rates: Mapping[str, float], ends: float
) -> Iterator[dict]:
    """Yield how long a step spends on the whole network, and on each layer alone, largest first.

    Forward pass and gradients by weights and input, in batches of middling size. Starting one costs
    something by itself, which stands first: what takes no longer than that was not resolved. What
    a compiler joins across layers is not seen, so the sum is not the step.

    Parameters
    ----------
    preset, sizes, rates, ends
        As for `speeds`.

    Yields
    ------
    dict
        ``layers``, ``precision``, ``batch``, ``layer``, ``kind``, ``milliseconds``, and
        ``tflops`` and ``share``: operations over time, and that over the matrix rate.
    """
    from lensflow.networks.build import build_network

    sizes = dataclasses.replace(sizes, seconds=PROFILE_SHARE * sizes.seconds)
    for layers, precision in PROFILED:
        if time.time() > ends:
            return
        built = build_network("autoencoder", preset, N_FEATURES, layers, precision=precision)
        common = {"layers": layers, "precision": precision, "batch": profiled_batch(sizes)}
        yield common | _timed("start of a step", _nothing(), 1, sizes, rates[precision])
        yield common | _whole_step(preset, layers, precision, sizes, rates[precision])
        for layer in sorted(built.model.layers, key=multiply_adds, reverse=True):
            if type(layer).__name__ not in NO_PRODUCTS and time.time() < ends:
                yield common | _timed(layer.name, layer, common["batch"], sizes, rates[precision])


def _nothing():
    """Return a layer that returns the one number that it is given."""
    import keras

    number = keras.Input((1,))
    return keras.Model(number, keras.layers.Activation("linear")(number)).layers[-1]


def _timed(name: str, layer, batch: int, sizes: Sizes, rate: float) -> dict:
    from alone import Alone

    steps = 2 * sizes.steps
    data = {"rows": np.zeros((steps * batch, 1), "float32")}
    seconds = _seconds_a_step(Alone(layer, batch), data, batch, sizes.seconds)
    operations = 3 * 2 * batch * multiply_adds(layer)
    return _line(name, type(layer).__name__, seconds, operations, rate)


def _whole_step(preset, layers: str, precision: str, sizes: Sizes, rate: float) -> dict:
    images = noisy_images(sizes.images, preset["image_size"])
    batch = profiled_batch(sizes)
    speed, operations = _measured(preset, layers, precision, images, batch, sizes)
    seconds = batch / speed
    return _line("whole step", "network", seconds, operations * seconds, rate)


def _line(name: str, kind: str, seconds: float, operations: float, rate: float) -> dict:
    return {
        "layer": name,
        "kind": kind,
        "milliseconds": round(1e3 * seconds, 4),
        "tflops": round(operations / seconds / 1e12, 4),
        "share": round(operations / seconds / rate, 4),
    }


# --- operations -----------------------------------------------------------------------------------


def training_operations(model) -> int:
    """Return the operations that a training step needs for an image.

    Two for each multiplication with its addition, as the layers compute them; forward, and once
    more for the gradients by weights and by input, of which the first layer has no use.

    Parameters
    ----------
    model : keras.Model
    """
    counts = [count for layer in model.layers if (count := multiply_adds(layer))]
    return 2 * (3 * sum(counts) - counts[0])


def multiply_adds(layer) -> int:
    """Return the multiplications, each with an addition, that a layer needs for one input.

    Those with the zeros that a layer adds where it deals few channels into phases are not needed.
    """
    if getattr(layer, "upsample", False):
        return _of_upsampled(layer)
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0
    if len(kernel.shape) == 2:
        return math.prod(kernel.shape)
    lost = kernel.shape[0] - 1 if layer.padding == "valid" else 0
    return math.prod(kernel.shape) * math.prod(side - lost for side in layer.input.shape[1:3])


def _of_upsampled(layer) -> int:
    """Return those of the convolution of the small map that stands for the upsampled one."""
    from lensflow.networks import phases

    inner, (size, _, channels, filters) = layer.input_phases, layer.kernel.shape
    taps, n_windows = phases.n_taps(size, inner), 1
    for side in layer.input.shape[1:3]:
        place = phases.window(inner * side, size, layer.padding, inner)
        n_windows *= math.ceil((place.skip + place.length) / (2 * inner))
    return taps**2 * inner**2 * channels * 4 * inner**2 * filters * n_windows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu", action="store_true", help="as run.py calls it")
    parser.add_argument("--minutes", type=float, default=6.0)
    print(json.dumps(run(parser.parse_args().minutes), indent=1))
