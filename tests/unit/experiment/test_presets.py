import copy

import pytest

import network_presets
from lensflow.experiment import Experiment
from lensflow.networks.kinds import NETWORKS
from small_projects import TRAINING

# What each stage uses of a preset, by the networks that it has to do with.
STAGES = {
    "train_denoiser": lambda e: e.preset_of("denoiser"),
    "train_autoencoder": lambda e: e.preset_of("autoencoder"),
    "train_contrastive": lambda e: e.preset_of("contrastive"),
    "train_student": lambda e: e.preset_of("student"),
    "train_ring_student": lambda e: e.preset_of("ring_student"),
    "encode": lambda e: e.encoder_preset,
    "embed_images": lambda e: e.embedding_preset,
}
WITH_STUDENT = {
    "autoencoder": {**network_presets.tiny(), "student": network_presets.tiny_student()["student"]},
    "contrastive": {
        **network_presets.tiny_contrastive(),
        "student": network_presets.tiny_student()["student"],
    },
    "polar": {
        **network_presets.tiny_student(),
        "encoder": "polar",
        "n_views": 6,
        "ring_student": network_presets.tiny_ring_student()["ring_student"],
    },
}
WITH_STUDENT["autoencoder"]["training"]["student"] = dict(TRAINING)
WITH_STUDENT["contrastive"]["training"]["student"] = dict(TRAINING)
WITH_STUDENT["polar"]["training"]["ring_student"] = dict(TRAINING)


def leaves(value, path=()):
    """Yield the path of every value of a nested mapping."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from leaves(inner, (*path, key))
        else:
            yield (*path, key)


def used_by(encoder, path):
    """The stages that a value of a preset changes: the networks that it speaks of, or all."""
    encodes = ["encode", "embed_images"]
    own = {"autoencoder": ["train_autoencoder"], "contrastive": ["train_contrastive"]}
    trained = own.get(encoder, [])
    denoised = ["train_denoiser"] if encoder == "autoencoder" else []
    of_network = {
        "denoiser": [*denoised, "embed_images"],
        encoder: [*trained, *encodes],
        "student": ["train_student"],
        "ring_student": ["train_ring_student"],
    }
    part = path[1] if path[0] == "training" else path[0]
    students = ["train_student", *(["train_ring_student"] if encoder == "polar" else [])]
    every = [*denoised, *trained, *students, *encodes]
    no_network = encodes if encoder == "polar" and part == "precision" else []
    return set(of_network.get(part, every)) - set(no_network)


@pytest.mark.parametrize(
    ("encoder", "path"),
    [
        (name, path)
        for name, preset in WITH_STUDENT.items()
        for path in leaves(preset)
        # The encoder says which stages there are.
        if path != ("encoder",)
    ],
)
def test_a_key_of_a_preset_changes_the_stages_that_use_it_and_no_other(encoder, path):
    def stages(preset):
        settings = {"dataset": "d", "preset": "p"}
        config = {"presets": {"p": preset}, "experiments": {"e": settings}, "datasets": {}}
        experiment = Experiment("e", config)
        trains = [f"train_{name}" for name in NETWORKS if name in preset]
        return {name: STAGES[name](experiment) for name in (*trains, "encode", "embed_images")}

    before, changed = WITH_STUDENT[encoder], copy.deepcopy(WITH_STUDENT[encoder])
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = "changed"
    old, new = stages(before), stages(changed)
    assert {name for name in old if old[name] != new[name]} == used_by(encoder, path)
