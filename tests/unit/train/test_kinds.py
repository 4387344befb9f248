"""Trainings that are no reconstruction, also interrupted: student and contrastive encoder."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lensflow.samples.stacks import write_stack
from network_presets import blobs, tiny_contrastive, tiny_ring_student, tiny_student

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

keras = pytest.importorskip("keras")

from lensflow.networks.inference import load_network, predict  # noqa: E402
from lensflow.networks.kinds import NETWORKS  # noqa: E402
from lensflow.networks.runtime import start_backend  # noqa: E402
from lensflow.train import feeding  # noqa: E402
from lensflow.train.backup import Backup  # noqa: E402
from lensflow.train.data import TrainingImages, epoch_draws, load_images  # noqa: E402
from lensflow.train.network import train_network  # noqa: E402

EVERYTHING = {"epochs": 3, "augment": "quarter_turns", "schedule": "cosine", "optimizer": "muon"}
N_OBJECTS = 24
KINDS = {
    "student": (tiny_student, None),
    "ring_student": (tiny_ring_student, None),
    "contrastive": (tiny_contrastive, 3),
}


@pytest.fixture(autouse=True)
def determinism():
    start_backend(keras.backend.backend())


def galaxies():
    """Return images (24, 101, 101) in sky noise: galaxies of different size, some with a ring."""
    draw = np.random.default_rng(1)
    y, x = np.mgrid[:101, :101] - 50
    radius = np.hypot(x, y)
    images = 40 * np.exp(-radius / draw.uniform(2, 8, (N_OBJECTS, 1, 1)))
    images[::2] += 9 * np.exp(-((radius - 15) ** 2) / 4) * (x > 0)
    return (images + draw.normal(size=images.shape)).astype("float32")


def stack_of(kind, path):
    """Write what a kind is trained on as a stack; return the path."""
    images, scale = (blobs(N_OBJECTS), "log") if kind == "student" else (galaxies(), "sigma")
    ids = [f"{i:02d}" for i in range(N_OBJECTS)]
    rows = pd.DataFrame({"id": ids, "rotation": 0, "is_lens": -1})
    write_stack(path, rows, [images], images.shape[1], scale, "image")
    return path


def targets_of(kind):
    """Return what a student is to say: how bright the left half is, or whether there is a ring."""
    if not NETWORKS[kind].examples.has_targets:
        return None
    if kind == "ring_student":
        return np.where(np.arange(N_OBJECTS) % 2 == 0, 0.9, 0.1).astype("float32")
    left = blobs(N_OBJECTS)[:, :, :6].sum((1, 2))
    return (left / left.max()).astype("float32")


def train(kind, folder, **options):
    folder.mkdir(exist_ok=True)
    preset, n_features = KINDS[kind]
    settings = options.pop("settings", EVERYTHING)
    return train_network(
        kind,
        preset(**settings),
        [stack_of(kind, folder / "stack.h5")],
        folder / "network.weights.h5",
        folder / "history.csv",
        folder / "report.json",
        targets=targets_of(kind),
        n_features=n_features,
        held_out=0.2,
        backup_folder=folder / "backup",
        **options,
    )


def assert_same(folder, whole):
    for name in ("network.weights.h5", "history.csv"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    assert not (folder / "backup").exists()


@pytest.fixture(scope="module", params=KINDS)
def whole(request, tmp_path_factory):
    """Return a kind and the folder of an uninterrupted run of three epochs."""
    start_backend(keras.backend.backend())
    folder = tmp_path_factory.mktemp(request.param)
    train(request.param, folder)
    return request.param, folder


class Killed(BaseException):
    """Stands for a process that ends at once."""


def test_killed_after_a_backup_goes_on_exactly(tmp_path, whole, monkeypatch):
    kind, folder = whole
    save, count = Backup.save, []

    def save_and_die(*arguments):
        save(*arguments)
        count.append(1)
        if len(count) == 5:
            raise Killed

    monkeypatch.setattr(Backup, "save", save_and_die)
    with pytest.raises(Killed):
        train(kind, tmp_path, backup_every=0)
    monkeypatch.undo()
    train(kind, tmp_path)
    assert_same(tmp_path, folder)


@pytest.mark.parametrize("steps", [16, 3])
def test_images_on_the_device_give_the_same_bytes(tmp_path, whole, monkeypatch, steps):
    kind, folder = whole
    monkeypatch.setattr(feeding, "steps_together", lambda *_: steps)
    train(kind, tmp_path, data_on="device")
    assert_same(tmp_path, folder)


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = {path!r}
from lensflow.networks.runtime import start_backend
start_backend("jax", 1)
from lensflow.train.backup import Backup
from unit.train.test_kinds import train
save, count = Backup.save, []
def save_and_die(*arguments):
    save(*arguments)
    count.append(1)
    if len(count) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
Backup.save = save_and_die
train("{kind}", Path(sys.argv[1]), backup_every=0)
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_process_killed_with_the_other_backend_goes_on_exactly(tmp_path, kind):
    pytest.importorskip("jax", reason="jax, the optional second backend, is not installed")
    tests = Path(__file__).parents[2]
    path = [str(tests), str(tests.parent / "scripts")]
    program = KILLED.format(path=path, kind=kind)
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    for folder, dies_at in (("whole", 0), ("killed", 5), ("killed", 0)):
        command = [sys.executable, "-c", program, str(tmp_path / folder), str(dies_at)]
        done = subprocess.run(command, capture_output=True, check=False, env=environment)
        assert done.returncode == (-signal.SIGKILL if dies_at else 0), done.stderr[-3000:]
    assert_same(tmp_path / "killed", tmp_path / "whole")


JOINED = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from lensflow.networks.runtime import start_backend
start_backend("jax", 1)
from lensflow.train import feeding
from unit.train import test_kinds
kind, folder = sys.argv[1], Path(sys.argv[2])
test_kinds.train(kind, folder / "one")
feeding.steps_together = lambda *_: 3
test_kinds.train(kind, folder / "joined", data_on="device")
"""


@pytest.mark.parametrize("kind", KINDS)
def test_steps_that_jax_joins_are_the_same_steps(tmp_path, kind):
    """Up to rounding, since the compiler joins other operations; and Adam enlarges that.

    Biases before a batch normalisation have no gradient but rounding. They move its running means,
    so the held-out loss differs more than that of the training.
    """
    pytest.importorskip("jax", reason="jax, the optional second backend, is not installed")
    tests = Path(__file__).parents[2]
    program = JOINED.format(path=[str(tests), str(tests.parent / "scripts")])
    command = [sys.executable, "-c", program, kind, str(tmp_path)]
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    subprocess.run(command, capture_output=True, check=True, env=environment)
    one, joined = (pd.read_csv(tmp_path / name / "history.csv") for name in ("one", "joined"))
    np.testing.assert_allclose(one["loss"], joined["loss"], rtol=1e-5)


ON_A_GPU = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from lensflow.networks import runtime
runtime.start_backend("jax", 1)
runtime.has_accelerator = lambda: True
from unit.train import test_kinds, test_runs
kind, folder = sys.argv[1], Path(sys.argv[2])
if kind in test_kinds.KINDS:
    test_kinds.train(kind, folder, data_on="device")
else:
    test_runs.train(folder, network=kind, data_on="device")
"""


@pytest.mark.parametrize("kind", [*KINDS, "autoencoder", "denoiser"])
def test_a_step_on_a_gpu_scatters_nothing(tmp_path, kind):
    """Where results must repeat, XLA sorts what is scattered, or refuses it."""
    pytest.importorskip("jax", reason="jax, the optional second backend, is not installed")
    tests = Path(__file__).parents[2]
    program = ON_A_GPU.format(path=[str(tests), str(tests.parent / "scripts")])
    dumped = tmp_path / "dumped"
    flags = f"--xla_dump_to={dumped} --xla_dump_hlo_as_text --xla_dump_hlo_module_re=.*train_step.*"
    environment = os.environ | {"KERAS_BACKEND": "jax", "XLA_FLAGS": flags}
    command = [sys.executable, "-c", program, kind, str(tmp_path / "run")]
    subprocess.run(command, capture_output=True, check=True, env=environment)
    steps = [path.read_text() for path in dumped.glob("*train_steps.before_optimizations.txt")]
    assert any("convolution(" in step for step in steps)
    assert not any("scatter(" in step for step in steps)


def test_a_student_learns_what_it_is_told(tmp_path):
    report = train("student", tmp_path, settings={"epochs": 60})
    assert report.final_loss < 0.9 * report.constant_loss
    told = json.loads((tmp_path / "report.json").read_text())
    assert (told["network"], told["parameters"]) == ("student", report.parameters)
    assert report.units == 6


def test_a_student_of_rings_learns_what_it_is_told(tmp_path):
    report = train("ring_student", tmp_path, settings={**EVERYTHING, "epochs": 60})
    # What is least of a target of 0.9 is its entropy.
    least = -0.9 * np.log(0.9) - 0.1 * np.log(0.1)
    assert least < report.final_loss < 0.75 * report.constant_loss
    images = load_images(
        [tmp_path / "stack.h5"],
        0.2,
        0,
        NETWORKS["ring_student"].examples,
        tiny_ring_student(),
        targets_of("ring_student"),
    )
    assert images.images.shape == (N_OBJECTS, 24, 64, 2)


def test_the_loss_of_a_student_is_that_of_its_own_logits(tmp_path):
    report = train("student", tmp_path, settings={"epochs": 2})
    network = load_network("student", tiny_student(), tmp_path / "network.weights.h5")
    arguments = 0.2, 0, NETWORKS["student"].examples, tiny_student(), targets_of("student")
    held_out = load_images([tmp_path / "stack.h5"], *arguments).held_out_parts
    p = 1 / (1 + np.exp(-predict(network.model, held_out["images"][..., None], 8)[:, 0]))
    told = held_out["targets"]
    expected = -np.mean(told * np.log(p) + (1 - told) * np.log(1 - p))
    assert report.final_val_loss == pytest.approx(expected, rel=1e-5)


def test_another_target_is_another_training(tmp_path, monkeypatch):
    images = np.zeros((4, 2, 2), "float32")
    one, other = (
        TrainingImages(images, 3, np.full(4, value, "float32")).digest() for value in (0.2, 0.3)
    )
    assert one != other
    assert TrainingImages(images, 3).digest() not in (one, other)


def test_views_of_an_object_come_together_in_a_contrastive_encoder(tmp_path):
    report = train("contrastive", tmp_path, settings={**EVERYTHING, "epochs": 30})
    assert report.final_loss < 0.8 * report.constant_loss
    assert report.dead_units == 0


def test_one_row_of_an_object_is_trained_on(tmp_path):
    images = galaxies()[:6]
    rows = pd.DataFrame({"id": list("aabcdb"), "rotation": list(range(6)), "is_lens": -1})
    write_stack(tmp_path / "stack.h5", rows, [images], 101, "sigma", "image")
    examples, preset = NETWORKS["contrastive"].examples, tiny_contrastive()
    kept = load_images([tmp_path / "stack.h5"], 0.2, 0, examples, preset)
    assert kept.images.shape == (4, 3, 24, 64, 2)
    assert (kept.n_training, len(kept.held_out)) == (3, 1)


def test_shards_do_not_matter_for_views(tmp_path):
    rows = pd.DataFrame({"id": list("abcdef"), "rotation": 0, "is_lens": -1})
    images, examples = galaxies()[:6], NETWORKS["contrastive"].examples
    parts = {"all": slice(0, 6), "one": slice(0, 2), "two": slice(2, 6)}
    for name, part in parts.items():
        write_stack(tmp_path / name, rows[part], [images[part]], 101, "sigma", "image")
    kept = [
        load_images([tmp_path / name for name in names], 0.2, 7, examples, tiny_contrastive())
        for names in (["all"], ["one", "two"])
    ]
    np.testing.assert_array_equal(kept[0].images, kept[1].images)


def test_pairs_are_two_different_views_turned_by_any_step():
    examples, shape = NETWORKS["contrastive"].examples, (500, 3, 24, 64, 2)
    drawn = epoch_draws(examples, shape, 1, 2, {"augment": "quarter_turns"})
    views = drawn["views"]
    assert views.shape == (500, 2)
    assert (views[:, 0] != views[:, 1]).all()
    assert set(views.ravel()) == {0, 1, 2}
    assert set(drawn["steps"].ravel()) == set(range(64))
    assert set(drawn["mirrored"].ravel()) == {0, 1}
    again = epoch_draws(examples, shape, 1, 2, {"augment": "quarter_turns"})
    assert all(np.array_equal(drawn[name], again[name]) for name in drawn)
    assert set(epoch_draws(examples, shape, 1, 2, {"augment": "none"})) == {"views"}


def test_what_the_network_sees_of_a_pair():
    kept = np.random.default_rng(0).random((4, 3, 24, 64, 2)).astype("float32")
    steps = np.array([[0, 1], [16, 5], [3, 63], [0, 0]], "int32")
    mirrored = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "int32")
    views = np.array([[0, 1], [2, 0], [1, 2], [0, 2]], "int32")
    batch = {"images": kept, "views": views, "steps": steps, "mirrored": mirrored}
    seen = np.asarray(NETWORKS["contrastive"].examples.look(batch))
    expected = [
        np.roll(image[:, -np.arange(64)] if is_mirrored else image, step, axis=1)
        for side in (0, 1)
        for image, step, is_mirrored in zip(
            kept[np.arange(4), views[:, side]], steps[:, side], mirrored[:, side], strict=True
        )
    ]
    np.testing.assert_array_equal(seen, expected)
