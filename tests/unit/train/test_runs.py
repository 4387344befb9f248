"""Whole trainings of a tiny network: results, interruptions, inference."""

import json
import logging
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.errors import ConfigError, TrainingError
from lensflow.samples.stacks import open_stack, write_stack
from network_presets import blobs, tiny

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

keras = pytest.importorskip("keras")

from lensflow.networks.inference import embed, load_network, reconstruct  # noqa: E402
from lensflow.networks.kinds import NETWORKS  # noqa: E402
from lensflow.networks.losses import Loss  # noqa: E402
from lensflow.networks.runtime import start_backend  # noqa: E402
from lensflow.train import epochs, feeding, stops, watch  # noqa: E402
from lensflow.train.backup import Backup  # noqa: E402
from lensflow.train.data import load_images  # noqa: E402
from lensflow.train.denoised import denoise_stack  # noqa: E402
from lensflow.train.model import TrainingModel  # noqa: E402
from lensflow.train.network import train_network  # noqa: E402
from lensflow.train.stops import TrainingInterrupted  # noqa: E402

IMAGES = blobs(24)
# What has a state that an interrupted training must find again: order, turns, rate, momenta.
EVERYTHING = {"augment": "quarter_turns", "schedule": "cosine", "optimizer": "muon"}


@pytest.fixture(autouse=True)
def determinism():
    start_backend(keras.backend.backend())


def stack_at(path, images):
    """Write images as a stack, each its own object; return the path."""
    numbers = np.arange(len(images))
    rows = pd.DataFrame(
        {"id": numbers.astype(str), "rotation": numbers % 4, "is_lens": numbers % 2}
    )
    write_stack(path, rows, [images], images.shape[1], "log", "image")
    return path


def train(folder, preset=None, network="autoencoder", **options):
    """Train a tiny network in ``folder``; return its report."""
    folder.mkdir(exist_ok=True)
    stack = stack_at(folder / "stack.h5", options.pop("images", IMAGES))
    return train_network(
        network,
        preset or tiny(),
        [stack],
        folder / "network.weights.h5",
        folder / "history.csv",
        folder / "report.json",
        n_features=3 if network == "autoencoder" else None,
        held_out=0.2,
        backup_folder=folder / "backup",
        **options,
    )


def weights(folder):
    return (folder / "network.weights.h5").read_bytes()


def history(folder):
    return (folder / "history.csv").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of an uninterrupted run of three epochs of five steps."""
    start_backend(keras.backend.backend())
    folder = tmp_path_factory.mktemp("whole")
    train(folder, tiny(epochs=3, **EVERYTHING))
    return folder


def assert_same(folder, whole):
    assert weights(folder) == weights(whole)
    assert history(folder) == history(whole)
    assert not (folder / "backup").exists()


def resume(folder, **options):
    return train(folder, tiny(epochs=3, **EVERYTHING), **options)


def test_training_learns_and_reports(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    report = train(tmp_path, tiny(epochs=30, learning_rate=0.01))
    assert report.final_val_loss < report.constant_loss
    assert report.parameters == 1407
    assert 0 < report.effective_dimension <= 3
    assert (report.epochs, report.stopped) == (30, "epochs")
    assert report.images + report.held_out_images == len(IMAGES)
    assert json.loads((tmp_path / "report.json").read_text())["parameters"] == 1407
    assert history(tmp_path).count(b"\n") == 31
    assert len(report.seconds_by_epoch) == 30
    assert list(report.seconds_by_epoch) == sorted(report.seconds_by_epoch)
    assert 0 < report.seconds_by_epoch[-1] <= report.seconds
    assert "images/s" in caplog.text


def test_images_on_the_device_give_the_same_bytes(tmp_path, whole):
    resume(tmp_path, data_on="device")
    assert_same(tmp_path, whole)


def test_joined_steps_give_the_same_bytes(tmp_path, whole, monkeypatch):
    monkeypatch.setattr(feeding, "steps_together", lambda *_: 3)
    resume(tmp_path, data_on="device")
    assert_same(tmp_path, whole)


@pytest.mark.parametrize("data_on", ["host", "device"])
def test_a_step_is_traced_once_however_many_passes_and_backups(tmp_path, monkeypatch, data_on):
    call, traced = TrainingModel.call, []

    def counted(self, inputs, training=False):
        traced.append(training)
        return call(self, inputs, training)

    monkeypatch.setattr(TrainingModel, "call", counted)
    train(tmp_path / "one", tiny(epochs=1), data_on=data_on)
    in_one_pass = list(traced)
    train(tmp_path / "three", tiny(epochs=3), data_on=data_on, backup_every=0)
    assert True in in_one_pass
    assert traced[len(in_one_pass) :] == in_one_pass


class Killed(BaseException):
    """Stands for a process that ends at once."""


@pytest.mark.parametrize("saves", [1, 4, 5, 8, 14])
def test_killed_after_any_backup_goes_on_exactly(tmp_path, whole, monkeypatch, saves):
    """With a backup after every step; the fifth of an epoch is saved before the epoch is closed."""
    save, count = Backup.save, []

    def save_and_die(*arguments):
        save(*arguments)
        count.append(1)
        if len(count) == saves:
            raise Killed

    monkeypatch.setattr(Backup, "save", save_and_die)
    with pytest.raises(Killed):
        resume(tmp_path, backup_every=0)
    monkeypatch.undo()
    resume(tmp_path)
    assert_same(tmp_path, whole)


def test_backups_between_steps_change_nothing(tmp_path, whole):
    resume(tmp_path, backup_every=0)
    assert_same(tmp_path, whole)


@pytest.mark.parametrize("step", [2, 5])
def test_sigterm_saves_and_the_next_run_goes_on_exactly(tmp_path, whole, monkeypatch, step):
    on_train_batch_end = watch.Watch.on_train_batch_end

    def terminate(self, batch, logs=None):
        if self.training.progress.epoch == 1 and batch == step - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        on_train_batch_end(self, batch, logs)

    monkeypatch.setattr(watch.Watch, "on_train_batch_end", terminate)
    with pytest.raises(TrainingInterrupted, match=rf"epoch 2/3, step {step}/5 because.*SIGTERM"):
        resume(tmp_path)
    assert not (tmp_path / "network.weights.h5").exists()
    monkeypatch.undo()
    resume(tmp_path)
    assert_same(tmp_path, whole)


@pytest.mark.parametrize("step", [2, 4, 5])
def test_sigterm_within_joined_steps_waits_for_the_last_and_goes_on_exactly(
    tmp_path, whole, monkeypatch, step
):
    """Five steps, two at a time: Keras counts six."""
    monkeypatch.setattr(feeding, "steps_together", lambda *_: 2)
    on_train_batch_end = watch.Watch.on_train_batch_end

    def terminate(self, batch, logs=None):
        if self.training.progress.epoch == 1 and batch >= step - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        on_train_batch_end(self, batch, logs)

    monkeypatch.setattr(watch.Watch, "on_train_batch_end", terminate)
    with pytest.raises(TrainingInterrupted, match=rf"epoch 2/3, step {step}/5 because.*SIGTERM"):
        resume(tmp_path, data_on="device")
    monkeypatch.undo()
    resume(tmp_path, data_on="device")
    assert_same(tmp_path, whole)


def test_deadline_saves_and_the_next_run_goes_on_exactly(tmp_path, whole, monkeypatch):
    reason, asked = stops.StopRequest.reason, []

    def late(self, next_step_s=0.0):
        asked.append(1)
        return reason(self, 1e9 if len(asked) > 6 else 0.0)

    monkeypatch.setattr(stops.StopRequest, "reason", late)
    with pytest.raises(SystemExit) as error:
        resume(tmp_path, deadline=1e6)
    assert error.value.code == 75
    monkeypatch.undo()
    resume(tmp_path)
    assert_same(tmp_path, whole)


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = {path!r}
from network_presets import tiny
from lensflow.networks.runtime import start_backend
start_backend("{backend}", 1)
from lensflow.train.backup import Backup
from lensflow.train.network import train_network
save, count = Backup.save, []
def save_and_die(*arguments):
    save(*arguments)
    count.append(1)
    if len(count) == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
Backup.save = save_and_die
folder = Path(sys.argv[2])
train_network("denoiser", tiny(), [sys.argv[1]], folder / "network.weights.h5",
              folder / "history.csv", folder / "report.json", held_out=0.2,
              backup_folder=folder / "backup", backup_every=0)
"""


def test_killed_process_goes_on_exactly(tmp_path):
    tests = Path(__file__).parents[2]
    path = [str(tests), str(tests.parent / "scripts")]
    program = KILLED.format(path=path, backend=keras.backend.backend())
    stack = stack_at(tmp_path / "stack.h5", IMAGES)
    for folder, dies_at in (("whole", 0), ("killed", 7), ("killed", 0)):
        (tmp_path / folder).mkdir(exist_ok=True)
        arguments = map(str, (stack, tmp_path / folder, dies_at))
        command = [sys.executable, "-c", program, *arguments]
        status = subprocess.run(command, capture_output=True, check=False).returncode
        assert status == (-signal.SIGKILL if dies_at else 0)
    assert_same(tmp_path / "killed", tmp_path / "whole")


def test_other_settings_start_afresh(tmp_path, monkeypatch):
    monkeypatch.setattr(stops.StopRequest, "reason", lambda *_: "the test")
    with pytest.raises(TrainingInterrupted):
        train(tmp_path, tiny(epochs=2))
    monkeypatch.undo()
    train(tmp_path, tiny(epochs=1), seed=3)
    train(tmp_path / "fresh", tiny(epochs=1), seed=3)
    assert weights(tmp_path) == weights(tmp_path / "fresh")


def test_patience_stops_and_keeps_the_best_weights(tmp_path, monkeypatch):
    held_out = iter([0.5, 0.3, 0.4, 0.35, 0.2])
    monkeypatch.setattr(epochs.Training, "_held_out_loss", lambda _: next(held_out))
    report = train(tmp_path, tiny(epochs=9, patience=2), network="denoiser")
    assert (report.epochs, report.stopped, report.final_val_loss) == (4, "stalled", 0.3)
    monkeypatch.undo()
    train(tmp_path / "two", tiny(epochs=2, patience=2), network="denoiser")
    assert weights(tmp_path) == weights(tmp_path / "two")


def test_patience_counts_an_epoch_that_is_as_good_as_no_better(tmp_path, monkeypatch):
    held_out = iter([0.5, 0.3, 0.3, 0.3, 0.2])
    monkeypatch.setattr(epochs.Training, "_held_out_loss", lambda _: next(held_out))
    report = train(tmp_path, tiny(epochs=9, patience=2), network="denoiser")
    assert (report.epochs, report.stopped, report.final_val_loss) == (4, "stalled", 0.3)


def test_weights_that_are_no_numbers_stop_training_and_are_not_kept(tmp_path, monkeypatch):
    """The step that makes them still has a finite loss; the next would not."""
    monkeypatch.setattr(stops.StopRequest, "reason", lambda *_: "the test")
    with pytest.raises(TrainingInterrupted):
        train(tmp_path)
    saved = (tmp_path / "backup" / "training_backup.npz").read_bytes()
    overflown = [np.array([1.0, np.inf], "float32")]
    monkeypatch.setattr(keras.Model, "get_weights", lambda _: overflown)
    with pytest.raises(TrainingError, match=r"1 of 2 weights .* finite numbers.*learning_rate"):
        train(tmp_path)
    assert (tmp_path / "backup" / "training_backup.npz").read_bytes() == saved


def test_nan_stops_training_and_keeps_the_backup(tmp_path, monkeypatch):
    mean_loss, asked = epochs.Training.mean_loss, []

    def nan_later(self):
        asked.append(1)
        return float("nan") if len(asked) > 8 else mean_loss(self)

    monkeypatch.setattr(epochs.Training, "mean_loss", nan_later)
    with pytest.raises(TrainingError, match="received a loss of nan"):
        train(tmp_path, backup_every=0)
    assert (tmp_path / "backup" / "training_backup.npz").exists()


def test_dead_embedding_stops_training(tmp_path):
    with pytest.raises(TrainingError, match="units of the bottleneck are the same"):
        train(tmp_path, images=np.zeros_like(IMAGES))


def test_images_must_fit_the_preset(tmp_path):
    with pytest.raises(ConfigError, match="expected image_size = 13"):
        train(tmp_path, images=blobs(5, 14))


@pytest.mark.parametrize(
    ("option", "expected"), [("data_on", "'host' or 'device'"), ("xla", "'auto', 'on' or 'off'")]
)
def test_unknown_options_are_refused(tmp_path, option, expected):
    with pytest.raises(ConfigError, match=f"{option}: received 'gpu', expected {expected}"):
        train(tmp_path, **{option: "gpu"})


def test_bfloat16_follows_the_loss_of_float32(tmp_path):
    reports = [
        train(tmp_path / precision, tiny(epochs=6) | {"precision": precision})
        for precision in ("float32", "bfloat16")
    ]
    assert reports[1].final_loss == pytest.approx(reports[0].final_loss, rel=0.02)


def test_n_features_is_for_networks_that_have_features(tmp_path):
    paths = [tmp_path / name for name in ("a.weights.h5", "a.csv", "a.json")]
    stack = stack_at(tmp_path / "stack.h5", IMAGES)
    with pytest.raises(ConfigError, match="denoiser: received n_features = 3, expected None"):
        train_network("denoiser", tiny(), [stack], *paths, n_features=3)
    with pytest.raises(ConfigError, match="autoencoder: received n_features = None, expected a"):
        train_network("autoencoder", tiny(), [stack], *paths)


def test_a_network_is_trained_with_its_own_loss(tmp_path, monkeypatch):
    """One entry of the table is all that another network needs: here the squared error."""

    def squared(batch, outputs):
        return keras.ops.mean(keras.ops.square(batch["images"] - outputs))

    def variance(images):
        return float(np.mean(np.var(images, axis=0)))

    kind = replace(NETWORKS["autoencoder"], loss=Loss(squared, variance, "squares"))
    monkeypatch.setitem(NETWORKS, "autoencoder", kind)
    report = train(tmp_path, tiny(epochs=30, learning_rate=0.01))
    network = load_network("autoencoder", tiny(), tmp_path / "network.weights.h5", 3)
    held_out = load_images([tmp_path / "stack.h5"], 0.2, seed=0).held_out
    error = np.mean((reconstruct(network, held_out) - held_out) ** 2)
    assert report.constant_loss == pytest.approx(variance(held_out))
    assert report.final_val_loss == pytest.approx(error, rel=1e-5)


def test_inference_does_not_depend_on_batches(tmp_path):
    train(tmp_path, tiny(epochs=1))
    network = load_network("autoencoder", tiny(), tmp_path / "network.weights.h5", 3)
    embedded, reconstructed = embed(network, IMAGES), reconstruct(network, IMAGES)
    assert embedded.shape == (24, 3)
    assert reconstructed.shape == IMAGES.shape
    close = {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(embed(network, IMAGES, 5), embedded, **close)
    np.testing.assert_allclose(reconstruct(network, IMAGES, 5), reconstructed, **close)
    parts = [reconstruct(network, part, 5) for part in (IMAGES[:10], IMAGES[10:])]
    np.testing.assert_allclose(np.concatenate(parts), reconstructed, **close)


def test_denoised_stack_is_stretched_and_keeps_its_rows(tmp_path):
    train(tmp_path, tiny(epochs=1), network="denoiser")
    denoise_stack(
        tmp_path / "stack.h5", tmp_path / "network.weights.h5", tiny(), tmp_path / "out.h5"
    )
    with open_stack(tmp_path / "out.h5") as stack:
        images, rows = stack.images(), stack.rows()
    assert rows["id"].tolist() == [str(i) for i in range(24)]
    np.testing.assert_array_equal(rows["rotation"], np.arange(24) % 4)
    np.testing.assert_array_equal(rows["is_lens"], np.arange(24) % 2)
    np.testing.assert_array_equal(images.min(axis=(1, 2)), 0)
    np.testing.assert_array_equal(images.max(axis=(1, 2)), 1)


def test_examples_show_inputs_beside_reconstructions(tmp_path):
    train(tmp_path, tiny(epochs=1), examples_path=tmp_path / "examples.h5")
    with artifacts.open(tmp_path / "examples.h5", "examples") as file:
        rows = [int(name) for name in artifacts.read_strings(file, "id")]
        np.testing.assert_array_equal(artifacts.read(file, "input"), IMAGES[rows])
        np.testing.assert_array_equal(artifacts.read(file, "is_lens"), np.array(rows) % 2)
        assert artifacts.read(file, "reconstruction").shape == IMAGES.shape
