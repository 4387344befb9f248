import inspect

import pytest

from jobs import given
from lensflow.seeds import rng
from lensflow.train.network import train_network
from lensflow.workflow.training import training_arguments

RUN = {"experiment": "demo", "scale": "log", "features": "8", "run": "2"}


def arguments(network, **wildcards):
    """Return what a training takes from a job with some wildcards, asked for an hour."""
    params = {"preset": {}, "seed": 5, "data_on": "host", "xla": "auto", "backup": "b", "code": "c"}
    outputs = {"weights": "w.h5", "history": "h.csv", "report": "r.json"}
    parts = {"params": params, "output": outputs, "wildcards": wildcards}
    stacks = {"stacks": ["0.h5", "1.h5"]}
    job = given(input=stacks, resources={"runtime": 60}, **parts)
    return training_arguments(network, job)


def test_every_argument_is_one_of_the_training():
    inspect.signature(train_network).bind(**arguments("student", **RUN))


@pytest.mark.parametrize("network", ["autoencoder", "contrastive", "student"])
def test_runs_differ_by_their_seed(network):
    seed = int(rng(5, f"train_{network}", "log", 8, 2).integers(2**31))
    assert arguments(network, **RUN)["seed"] == seed
    assert arguments(network, **RUN, judgement="known")["seed"] == seed
    assert arguments(network, **{**RUN, "run": "1"})["seed"] != seed


def test_a_denoiser_is_of_a_scale_alone():
    seed = int(rng(5, "train_denoiser", "log").integers(2**31))
    assert arguments("denoiser", experiment="demo", scale="log")["seed"] == seed


def test_a_training_stops_before_the_scheduler_ends_it(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert arguments("student", **RUN)["deadline"] is None
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    assert arguments("student", **RUN)["deadline"] == 60 * 60 - 180
