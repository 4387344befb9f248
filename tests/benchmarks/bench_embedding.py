"""How fast a survey is embedded by a process that is warm: images in memory to features.

    python tests/benchmarks/bench_embedding.py [--long]

Scaling and binning, denoiser where the preset has one, encoder; with random weights, on two
threads, and what needs no network on one. Wall seconds, the median of rounds of 512 images (of 64
for the author's layers), of which the first (XLA compiles, memory is allocated) does not count.
What starting costs beside it, bench_survey.py has.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from rows import row  # noqa: E402

from network_presets import paper  # noqa: E402

THREADS = 2
N_IMAGES = {"paper": 64}
OTHERWISE = 512
N_FEATURES = {"demo": 8, "paper": 24, "polar": 16, "contrastive": 16, "pca": 16}
"""Presets that are measured, and how many features."""

GOALS = {"demo": 2000.0, "polar": 3000.0}


def run(long: bool = False) -> list[dict]:
    """Measure every preset and return one row each.

    Parameters
    ----------
    long : bool
        More rounds.

    Returns
    -------
    list of dict
        See `rows.row`.
    """
    import yaml

    from lensflow.networks.runtime import start_backend
    from lensflow.workflow.config import complete

    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    start_backend(backend, THREADS, deterministic=True)
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["run"] = ["demo", "goal_polar", "goal_contrastive", "goal_pca"]
    presets = {**complete(config)["presets"], "paper": paper()}
    with tempfile.TemporaryDirectory() as folder:
        return [
            measured(name, presets[name], Path(folder), backend, 9 if long else 5)
            for name in N_FEATURES
        ]


def measured(name: str, preset: dict, folder: Path, backend: str, rounds: int) -> dict:
    """Return the row of one preset."""
    from threadpoolctl import threadpool_limits

    from lensflow.embed.encoders import ENCODERS

    encoder = ENCODERS[preset["encoder"]]
    threads = THREADS if encoder.is_network else 1
    flux = random_flux(N_IMAGES.get(name, OTHERWISE))
    with threadpool_limits(threads, user_api="blas"):
        embed = embedding(name, encoder, preset, folder, flux)
        rate = len(flux) / median_seconds(lambda: embed(flux), rounds)
    where = f"{backend}, {threads} threads" if encoder.is_network else "one core"
    return row(f"embedding, preset {name}, {where}", "images/s", rate, goal=GOALS.get(name))


def embedding(name, encoder, preset, folder, flux) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from cutouts in sky sigmas to features, as `embed_images` has it."""
    from lensflow.networks.denoising import load_denoiser
    from lensflow.prepare.inputs import prepare_images

    path, scale, n_features = folder / encoder.artifact, encoder.scales[0], N_FEATURES[name]
    sky_sigma = np.ones(len(flux), "f4")

    def prepared(images: np.ndarray) -> np.ndarray:
        return prepare_images(images, sky_sigma, scale, preset["image_size"])

    if encoder.is_network:
        write_weights(encoder.name, preset, n_features, path)
    else:
        fitted(encoder, preset, n_features, folder, prepared(flux), scale).save(path)
    encode = encoder.load(path, preset, n_features)
    if encoder.input_stage != "denoised":
        return lambda images: encode(prepared(images))
    denoiser = folder / f"{name}_denoiser.weights.h5"
    write_weights("denoiser", preset, None, denoiser)
    denoise = load_denoiser(denoiser, preset)
    return lambda images: encode(denoise(prepared(images)))


def write_weights(network: str, preset: dict, n_features: int | None, path: Path) -> None:
    """Write random weights of a network."""
    from lensflow.networks.build import build_network

    build_network(network, preset, n_features, seed=1).model.save_weights(path)


def fitted(encoder, preset, n_features, folder, images, scale):
    """Return an encoder that is no network, fitted to images."""
    import pandas as pd

    from lensflow.samples.rows import MEASURES
    from lensflow.samples.stacks import PREPARED, write_stack

    ids = [f"{number:04d}" for number in range(len(images))]
    table = pd.DataFrame({"id": ids, "rotation": 0})
    table = table.assign(is_lens=-1, **dict.fromkeys(MEASURES, 1.0))
    stack, size = folder / f"{encoder.name}_stack.h5", images.shape[-1]
    write_stack(stack, table, [images], size, scale, "random images", {"stage": PREPARED})
    return encoder.fit([stack], preset, n_features, 1)


def random_flux(n_images: int) -> np.ndarray:
    """Return cutouts of noise with a galaxy: (n, 101, 101), float32, sky sigmas."""
    from lensflow.simulate.constants import SIZE

    random = np.random.default_rng(1)
    radius = np.hypot(*(np.indices((SIZE, SIZE)) - SIZE // 2))
    widths = random.uniform(2.0, 12.0, n_images)[:, None, None]
    noise = random.normal(size=(n_images, SIZE, SIZE))
    return (noise + 50.0 * np.exp(-radius / widths)).astype("f4")


def median_seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the median wall time of some rounds after a first one."""
    seconds = []
    for _ in range(rounds + 1):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds[1:]))


def main() -> None:
    """Print the rows as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true", help="more rounds")
    json.dump(run(parser.parse_args().long), sys.stdout)


if __name__ == "__main__":
    main()
