"""What jobs ask for: memory and run time by their input and the attempt, and an environment.

Each function here returns one that Snakemake calls with wildcards, input and attempt.
"""

from collections.abc import Callable

from lensflow.experiment import Experiment

SLOW_GPU_IMAGES_A_SECOND = 200
"""What a training step reaches at least."""
GPU_ENVIRONMENTS = {"tensorflow": "../../envs/gpu.yaml", "jax": "../../envs/gpu-jax.yaml"}
"""Conda environments of the GPU stages by backend, as seen from the rules."""


def megabytes(base: float, per_input: float = 1.0) -> Callable[..., int]:
    """Return a memory request (MB) that grows with the input's size and with each attempt.

    Parameters
    ----------
    base : float
        MB without input.
    per_input : float
        MB for each MB of input.
    """

    def request(wildcards, input, attempt):
        return int((base + per_input * input.size_mb) * 2 ** (attempt - 1))

    return request


def minutes(base: float, per_gigabyte: float = 0.0) -> Callable[..., int]:
    """Return a run time (minutes) that grows with the input's size and with each attempt.

    Parameters
    ----------
    base : float
        Minutes without input.
    per_gigabyte : float
        Minutes for each GB of input.
    """

    def request(wildcards, input, attempt):
        needed = base + per_gigabyte * input.size_mb / 1000
        return int(needed * 2 ** (attempt - 1)) + 1

    return request


def training_minutes(experiment: Callable[..., Experiment], network: str) -> Callable[..., int]:
    """Return the run time (minutes) that a training asks for: its epochs on a slow GPU.

    Parameters
    ----------
    experiment : callable
        From wildcards to the experiment.
    network : str
        Which of its networks.
    """

    def request(wildcards, input, attempt):
        preset = experiment(wildcards).preset
        images = input.size_mb * 1e6 / (4 * preset["image_size"] ** 2)
        seconds = preset["training"][network]["epochs"] * images / SLOW_GPU_IMAGES_A_SECOND
        return int((30 + seconds / 60) * attempt)

    return request
