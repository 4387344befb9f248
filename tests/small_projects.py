"""A project of three small experiments, to be changed as a test asks for."""

import copy
from pathlib import Path

from lensflow.experiment import Project
from lensflow.workflow.config import complete

NETWORK = {
    "encoder": [{"filters": 8, "kernel": 3}, {"filters": 8, "kernel": 3}],
    "decoder": [{"filters": 8, "kernel": 3, "padding": "same"}] * 2,
    "output_kernel": 3,
}
TRAINING = {"epochs": 1, "batch_size": 8, "learning_rate": 0.003}
PRESET = {
    "image_size": 26,
    "denoiser": NETWORK,
    "autoencoder": {**NETWORK, "dense": [16], "embedding_activation": "linear"},
    "training": {"denoiser": TRAINING, "autoencoder": TRAINING},
}
TAUGHT = {
    "encoder": "polar",
    "student": {"image_size": 13, "convolutions": [{"filters": 4, "kernel": 3}]},
    "training": {"student": TRAINING},
}
SIMULATED = {"kind": "simulate", "population": "training", "n_objects": 20000, "shards": 2}
FIRST = {
    "dataset": "here",
    "protocol": "paper",
    "preset": "tiny",
    "scales": ["log", "linear"],
    "n_features": [4, 20],
    "runs": 2,
    "shards": 3,
    "headline": {"scale": "log", "n_features": 4},
    "apply_to": ["there"],
    "injections": None,
    "appendix_a": {},
    "compare_paper": {"honest": "second", "challenge": "third"},
}
PLAIN = {"dataset": "here", "preset": "tiny", "scales": ["log"], "n_features": [4], "runs": 1}


def project(folder=None, run=("first", "second", "third"), datasets=None, **changes):
    """Return a project of three experiments; these and datasets are changed as asked for.

    With a folder there are an experiment on images without labels in it, and these images under
    ``apply_to`` of another.
    """
    there = {**SIMULATED, "population": "challenge", "first_id": 200000, "n_objects": 40}
    config = {
        "run": list(run),
        "datasets": {"here": {**SIMULATED, "source_images": True}, "there": there},
        "presets": {"tiny": PRESET, "polar": {"encoder": "polar"}, "taught": TAUGHT},
        "experiments": {
            "first": FIRST,
            "second": {**PLAIN, "protocol": "honest"},
            "third": {**PLAIN, "dataset": "there", "protocol": "unlabelled"},
        },
    }
    if folder:
        table = "judged/{scale}_{n_features}_{run}.csv"
        person = {"labels": ["person"], "person_labels": table}
        images = {"kind": "fits", "path": str(folder), "zero_point": 25.0, "shards": 1}
        config["datasets"]["images"] = images
        unlabelled = {**PLAIN, "dataset": "images", "protocol": "unlabelled", **person}
        config["experiments"]["unlabelled"] = unlabelled
        config["experiments"]["mixed"] = {**PLAIN, "protocol": "paper", "apply_to": ["images"]}
    config = copy.deepcopy(config)
    for name, keys in (datasets or {}).items():
        config["datasets"].setdefault(name, {}).update(keys)
    for name, keys in changes.items():
        config["experiments"][name] |= keys
    return Project(complete(config))


def made(chosen):
    """Return a project whose clusters are there, in the working folder."""
    for experiment in chosen.chosen:
        everyone = [experiment, *experiment.beside]
        paths = [each.mixture_path(run) for each in everyone for run in each.judged_runs]
        for path in paths:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).touch()
    return chosen
