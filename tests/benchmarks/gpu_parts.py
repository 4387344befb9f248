"""The parts of the check of a GPU (gpu_check.py): each yields rows, and keeps files for later ones.

A part runs in a process of its own, so that what it breaks on the card is not broken for the next.
"""

import dataclasses
import os
import time
from collections.abc import Callable, Iterator

import gpu_paper
from bench_gpu import layer_times, matrix_rates, matrix_rows, speeds
from gpu_told import N_SURVEY_OBJECTS, TRAINING_IMAGES, Check, start
from rows import row

FIRST_SURVEY_ID = 500_000
DEVICE = "device"
"""What comes before the parts: which device the backend computes on."""


def look(check: Check) -> Iterator[dict]:
    """Say what the backend computes on."""
    start(check)
    from lensflow.networks import runtime

    check.keep(DEVICE, {"name": runtime.device_name(), "is_gpu": runtime.has_accelerator()})
    yield from ()


def multiply(check: Check) -> Iterator[dict]:
    """Measure the rate of matrix products."""
    start(check)
    rates = matrix_rates(check.sizes)
    check.keep("rates", rates)
    yield from matrix_rows(rates, check.backend)


def speed(check: Check) -> Iterator[dict]:
    """Measure training by layers, precision and batch."""
    rates = check.kept("rates")
    start(check)
    yield from speeds(check.preset, check.sizes, rates, check.backend, check.ends)


def profile(check: Check) -> Iterator[dict]:
    """Measure each layer alone; the table grows line by line."""
    import pandas as pd

    rates = check.kept("rates")
    start(check)
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
        measured = f"share of the {len(found)} layers measured"
        yield row(f"{name}: {slowest['layer']}, {measured}", "1", share)


def simulate_images(check: Check) -> Iterator[dict]:
    """Simulate the training sample and the survey."""
    import simulated

    from lensflow.simulate.shards import FIRST_ID

    began, n_objects = time.perf_counter(), check.count(TRAINING_IMAGES)
    flux, is_lens = simulated.simulate(FIRST_ID, n_objects)
    ids = [str(FIRST_ID + number) for number in range(n_objects)]
    simulated.write_images(check.path("training.h5"), ids, flux, is_lens)
    n_survey = check.count(N_SURVEY_OBJECTS)
    flux, is_lens = simulated.simulate(FIRST_SURVEY_ID, n_survey)
    ids = [str(FIRST_SURVEY_ID + number) for number in range(n_survey)]
    simulated.write_images(check.path("survey.h5"), ids, flux, is_lens)
    rate = (n_objects + n_survey) / (time.perf_counter() - began)
    cores = len(os.sched_getaffinity(0))
    yield row(f"simulation and image shards, {cores} cores", "objects/s", rate)


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
    "matrices": Part(multiply, 0.03),
    "speeds": Part(speed, 0.20),
    "profile": Part(profile, 0.27),
    "simulation": Part(simulate_images, 0.38),
    "training": Part(gpu_paper.train, 0.77),
    "judging": Part(gpu_paper.judge, 0.92),
    "survey": Part(gpu_paper.survey, 0.99),
}
