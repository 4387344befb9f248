"""The parts of the check of a GPU (gpu_check.py): each yields rows, and keeps files for later ones.

A part runs in a process of its own, so that what it breaks on the card is not broken for the next.
"""

import dataclasses
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench_gpu import N_FEATURES, Sizes, layer_times, matrix_rates, matrix_rows, speeds
from rows import row

TRAINING_IMAGES, SURVEY_IMAGES = 25_600, 100_000
TURNS = 4
"""Orientations in which each simulated object of the survey is seen."""
FIRST_SURVEY_ID = 500_000
N_COMPONENTS = 24
JUDGEMENT = "known"
LARGER_BATCH = 512
DEVICE = "device"
"""What comes before the parts: which device the backend computes on."""
MARGIN = 0.1
"""Of the time for a training that is left free, since passes differ."""


@dataclasses.dataclass(frozen=True)
class Check:
    """What a part is told.

    Attributes
    ----------
    backend : str
    scale : float
        1, or less in a dry run.
    work : str
        Folder that the parts share.
    ends : float
        Time, as of ``time.time``, by which the part should be over.
    preset : dict
        The networks.
    sizes : Sizes
        How much is measured.
    """

    backend: str
    scale: float
    work: str
    ends: float
    preset: dict
    sizes: Sizes

    def count(self, whole: int) -> int:
        """Return how many of a whole run's images this one takes."""
        return max(2 * N_COMPONENTS, round(self.scale * whole))

    def path(self, name: str) -> Path:
        """Return a path in the folder that the parts share."""
        return Path(self.work, name)

    def keep(self, name: str, values: object) -> None:
        """Keep values for later parts."""
        self.path(f"{name}.kept").write_text(json.dumps(values))

    def kept(self, name: str):
        """Return what an earlier part has kept."""
        return json.loads(self.made(f"{name}.kept").read_text())

    def made(self, name: str) -> Path:
        """Return the path of what an earlier part has made; that it has not is an error."""
        if not (path := self.path(name)).exists():
            raise RuntimeError(f"it needs {name} of an earlier part, which was not completed")
        return path

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.ends - time.time()


def look(check: Check) -> Iterator[dict]:
    """Say what the backend computes on."""
    _start(check)
    from lensflow.networks import runtime

    check.keep(DEVICE, {"name": runtime.device_name(), "is_gpu": runtime.has_accelerator()})
    yield from ()


def multiply(check: Check) -> Iterator[dict]:
    """Measure the rate of matrix products."""
    _start(check)
    rates = matrix_rates(check.sizes)
    check.keep("rates", rates)
    yield from matrix_rows(rates, check.backend)


def speed(check: Check) -> Iterator[dict]:
    """Measure training by layers, precision and batch."""
    rates = check.kept("rates")
    _start(check)
    yield from speeds(check.preset, check.sizes, rates, check.backend, check.ends)


def profile(check: Check) -> Iterator[dict]:
    """Measure each layer alone; the table grows line by line."""
    import pandas as pd

    rates = check.kept("rates")
    _start(check)
    lines = []
    for line in layer_times(check.preset, check.sizes, rates, check.ends):
        lines.append(line)
        pd.DataFrame(lines).to_csv(check.path("layers.csv"), index=False)
    if not lines:  # there was no time for any
        return
    layers = pd.DataFrame(lines)
    of_network = layers[~layers["kind"].isin(["network", "Activation"])]
    for (kind, precision), found in of_network.groupby(["layers", "precision"], sort=False):
        slowest = found.loc[found["milliseconds"].idxmax()]
        name = f"slowest layer alone, {kind}, {precision}, batches of {slowest['batch']}"
        share = float(slowest["milliseconds"] / found["milliseconds"].sum())
        yield row(f"{name}: {slowest['layer']}, share of all layers", "1", share)


def simulate_images(check: Check) -> Iterator[dict]:
    """Simulate the training sample and the survey."""
    import numpy as np
    import simulated

    from lensflow.simulate.shards import FIRST_ID

    began, n_objects = time.perf_counter(), check.count(TRAINING_IMAGES)
    flux, is_lens = simulated.simulate(FIRST_ID, n_objects)
    ids = [str(FIRST_ID + number) for number in range(n_objects)]
    simulated.write_images(check.path("training.h5"), ids, flux, is_lens)
    n_survey = check.count(SURVEY_IMAGES // TURNS)
    flux, is_lens = simulated.simulate(FIRST_SURVEY_ID, n_survey)
    for turn in range(TURNS):
        ids = [f"{FIRST_SURVEY_ID + number}_{turn}" for number in range(n_survey)]
        turned = np.ascontiguousarray(np.rot90(flux, turn, (1, 2)))
        simulated.write_images(check.path(f"survey_{turn}.h5"), ids, turned, is_lens)
    rate = (n_objects + n_survey) / (time.perf_counter() - began)
    cores = len(os.sched_getaffinity(0))
    yield row(f"simulation and image shards, {cores} cores", "objects/s", rate)


def train(check: Check) -> Iterator[dict]:
    """Train denoiser and autoencoder for as many passes as fit."""
    _start(check, deterministic=True)
    from lensflow.embed.images import prepared_blocks
    from lensflow.samples.images import open_images
    from lensflow.samples.stacks import PREPARED, write_stack
    from lensflow.train.denoised import denoise_stack

    size, stack, denoised = check.preset["image_size"], *map(check.path, ("stack.h5", "seen.h5"))
    with open_images(check.made("training.h5")) as images:
        blocks = prepared_blocks(images, "flux", "log", size)
        stage = {"stage": PREPARED}
        write_stack(stack, images.rows(), blocks, size, "log", "simulated image", stage)
    yield from _trained(check, "denoiser", stack, time.time() + check.left / 3)
    began = time.perf_counter()
    denoise_stack(stack, check.path("denoiser.weights.h5"), check.preset, denoised)
    rate = check.count(TRAINING_IMAGES) / (time.perf_counter() - began)
    yield row(f"denoising a stack, {check.backend}, from file to file", "images/s", rate)
    yield from _trained(check, "autoencoder", denoised, check.ends)


def _trained(check: Check, network: str, stack: Path, ends: float) -> Iterator[dict]:
    """Train a network: two passes, which say how many fit, and from the start so many."""
    most = max(2, round(check.scale * check.preset["training"][network]["epochs"]))
    seconds = _train_for(check, network, stack, min(2, most))
    a_pass = max(seconds[1] - seconds[0], 1e-3)
    start = seconds[0] - a_pass
    fit = min(most, (ends - time.time() - start) * (1 - MARGIN) / a_pass)
    if fit >= len(seconds) + 1:
        seconds = _train_for(check, network, stack, int(fit))
        a_pass = (seconds[-1] - seconds[0]) / (len(seconds) - 1)
    precision, n_images = check.preset["precision"], check.count(TRAINING_IMAGES)
    name = f"{network} of the paper preset as the workflow trains it, {check.backend}, {precision}"
    yield row(f"{name}, a pass over {n_images:,} images", "s", a_pass)
    yield row(f"{name}, passes", "1", len(seconds))
    yield row(f"{name}, until its first pass is over: compilation", "s", seconds[0] - a_pass)


def _train_for(check: Check, network: str, stack: Path, epochs: int) -> list[float]:
    """Train from the start; return the seconds after which each pass was over."""
    import pandas as pd

    # Keras takes the backend that is set when it is imported.
    from lensflow.networks.kinds import NETWORKS
    from lensflow.train.network import train_network

    settings = check.preset["training"][network] | {"epochs": epochs}
    preset = check.preset | {"training": check.preset["training"] | {network: settings}}
    outputs = [check.path(f"{network}{end}") for end in (".weights.h5", ".csv", ".json")]
    n_features = N_FEATURES if NETWORKS[network].has_features else None
    options = {"seed": 1, "data_on": "device", "backup_folder": check.path("backup")}
    report = train_network(network, preset, [stack], *outputs, n_features=n_features, **options)
    history = pd.read_csv(outputs[1])
    curves = check.path("loss.csv")
    others = [pd.read_csv(curves)] if curves.exists() else []
    others = [found[found["network"] != network] for found in others]
    pd.concat([*others, history.assign(network=network)]).to_csv(curves, index=False)
    return list(report.seconds_by_epoch)


def survey(check: Check) -> Iterator[dict]:
    """Embed and score the survey, from image shards to probabilities."""
    _start(check, deterministic=True)
    from lensflow.cluster.fitting import fit_mixture_stage
    from lensflow.cluster.labelling import label_clusters_stage
    from lensflow.cluster.scoring import score_stage

    weights = [check.made(f"{name}.weights.h5") for name in ("denoiser", "autoencoder")]
    yield from _networks_alone(check, *weights)
    mixture, labels = check.path("mixture.h5"), check.path("labels.csv")
    sample = [_embedded(check, "training", weights)]
    chosen = {"n_components": N_COMPONENTS, "seed": 1, "max_iter": 500}
    fit_mixture_stage(sample, mixture, check.path("template.csv"), "lensflow", **chosen)
    label_clusters_stage(mixture, sample, labels, JUDGEMENT, seed=1)
    seconds, scores, n_images = {"embedding": 0.0, "scoring": 0.0}, [], 0
    for turn in range(TURNS):
        if scores and check.left < sum(seconds.values()) / len(scores):
            break
        began = time.perf_counter()
        embeddings = _embedded(check, f"survey_{turn}", weights)
        embedded = time.perf_counter()
        scores.append(check.path(f"scores_{turn}.csv"))
        score_stage(mixture, embeddings, {JUDGEMENT: labels}, scores[-1])
        seconds["embedding"] += embedded - began
        seconds["scoring"] += time.perf_counter() - embedded
        n_images += check.count(SURVEY_IMAGES // TURNS)
    for stage, spent in seconds.items():
        name = f"{stage} {n_images:,} images in {len(scores)} shards, from file to file"
        yield row(f"{name}, {check.backend}", "images/s", n_images / spent)
    yield _judged(check, scores)


def _embedded(check: Check, name: str, weights: Sequence[Path]) -> Path:
    from lensflow.embed.images import embed_images

    images, output = check.made(f"{name}.h5"), check.path(f"{name}_embeddings.h5")
    chosen = (check.preset, N_FEATURES, "log")
    embed_images(images, weights[0], "autoencoder", weights[1], *chosen, output)
    return output


def _networks_alone(check: Check, denoiser: Path, autoencoder: Path) -> Iterator[dict]:
    """Measure both networks on images in memory, in batches of the training and larger ones."""
    from lensflow.embed.images import prepared_blocks
    from lensflow.networks.inference import embed, load_network, reconstruct
    from lensflow.prepare.scaling import min_max
    from lensflow.samples.images import open_images

    first = load_network("denoiser", check.preset, denoiser)
    second = load_network("autoencoder", check.preset, autoencoder, N_FEATURES)
    with open_images(check.path("training.h5")) as images:
        block = next(prepared_blocks(images, "flux", "log", check.preset["image_size"]))
    usual = check.preset["training"]["autoencoder"]["batch_size"]
    for batch in sorted({usual, max(1, round(check.scale * LARGER_BATCH))}):

        def both(images, batch=batch):
            return embed(second, min_max(reconstruct(first, images, batch)), batch)

        both(block)  # compiles
        began, n_images = time.perf_counter(), 0
        while (seconds := time.perf_counter() - began) < check.sizes.seconds or not n_images:
            both(block)
            n_images += len(block)
        name = f"denoising and embedding in memory, {check.backend}, batches of {batch}"
        yield row(name, "images/s", n_images / seconds)


def _judged(check: Check, scores: Sequence[Path]) -> dict:
    """Return how well lenses are ranked on objects that nothing was fitted to."""
    import pandas as pd

    from lensflow.evaluate.metrics import auroc
    from lensflow.samples.scores import probability_column, read_scores

    column = probability_column(JUDGEMENT)
    found = pd.concat(read_scores(path, ["is_lens", column]) for path in scores)
    value = auroc(found["is_lens"].to_numpy(), found[column].to_numpy())
    return row(
        "AUC on simulated objects of the survey, clusters judged by true fractions", "1", value
    )


def _start(check: Check, deterministic: bool = False) -> None:
    """Start the backend: for training and embedding as the workflow does."""
    from lensflow.networks.runtime import start_backend

    start_backend(check.backend, deterministic=deterministic)


@dataclasses.dataclass(frozen=True)
class Part:
    """One part.

    Attributes
    ----------
    run : callable
        From a `Check` to rows.
    ends : float
        The share of the whole time at which it should be over.
    """

    run: Callable[[Check], Iterator[dict]]
    ends: float


PARTS = {
    "matrices": Part(multiply, 0.08),
    "speeds": Part(speed, 0.33),
    "profile": Part(profile, 0.43),
    "simulation": Part(simulate_images, 0.55),
    "training": Part(train, 0.85),
    "survey": Part(survey, 0.95),
}
