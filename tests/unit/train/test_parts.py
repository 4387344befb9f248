"""The parts of training that need no long run: data, order, schedule, health, backup, stops."""

import logging
import os
import signal

import numpy as np
import pandas as pd
import pytest
import scipy.ndimage

from lensflow.errors import ConfigError, TrainingError
from lensflow.prepare.polar_images import mirrored
from lensflow.samples.stacks import write_stack
from network_presets import blobs

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

keras = pytest.importorskip("keras")

from lensflow.networks.examples import IMAGES  # noqa: E402
from lensflow.networks.kinds import NETWORKS  # noqa: E402
from lensflow.networks.runtime import start_backend  # noqa: E402
from lensflow.networks.symmetries import shift, turn  # noqa: E402
from lensflow.train import health  # noqa: E402
from lensflow.train.backup import Backup, Progress, fingerprint  # noqa: E402
from lensflow.train.data import epoch_draws, epoch_order, load_images  # noqa: E402
from lensflow.train.history import duration  # noqa: E402
from lensflow.train.schedule import learning_rate  # noqa: E402
from lensflow.train.stops import (  # noqa: E402
    StopRequest,
    TrainingInterrupted,
    job_deadline,
)


def stack_at(path, images, ids):
    rows = pd.DataFrame({"id": ids, "rotation": np.arange(len(ids)) % 4, "is_lens": 0})
    write_stack(path, rows, [images], images.shape[1], "log", "image")
    return path


def test_rotations_of_an_object_are_held_out_together(tmp_path):
    images = np.arange(40, dtype="float32").reshape(40, 1, 1)
    ids = [str(i // 4) for i in range(40)]
    paths = [
        stack_at(tmp_path / f"{i}.h5", images[i : i + 10], ids[i : i + 10])
        for i in range(0, 40, 10)
    ]
    data = load_images(paths, 0.3, seed=1)
    held_out = {int(value) // 4 for value in data.held_out.ravel()}
    trained = {int(value) // 4 for value in data.images[: data.n_training].ravel()}
    assert len(held_out) == 3
    assert not held_out & trained
    assert sorted(data.images.ravel()) == sorted(images.ravel())


def test_shards_do_not_matter(tmp_path):
    images = blobs(10)
    ids = [str(i) for i in range(10)]
    one = [stack_at(tmp_path / "all.h5", images, ids)]
    two = [
        stack_at(tmp_path / "a.h5", images[:3], ids[:3]),
        stack_at(tmp_path / "b.h5", images[3:], ids[3:]),
    ]
    whole, parts = (load_images(source, 0.2, 5) for source in (one, two))
    np.testing.assert_array_equal(whole.images, parts.images)
    assert whole.digest() == parts.digest()
    assert whole.digest() != load_images(one, 0.4, 5).digest()


def test_one_object_cannot_be_split(tmp_path):
    path = stack_at(tmp_path / "one.h5", blobs(1), ["0"])
    with pytest.raises(ConfigError, match="received 1 object"):
        load_images([path], 0.1, 0)


def test_order_depends_on_seed_and_epoch_only():
    rows = epoch_order(50, seed=1, epoch=3)
    np.testing.assert_array_equal(rows, epoch_order(50, seed=1, epoch=3))
    assert sorted(rows) == list(range(50))
    assert not np.array_equal(rows, epoch_order(50, 1, 4))
    assert not np.array_equal(rows, epoch_order(50, 2, 3))


def test_turns_depend_on_seed_and_epoch_only():
    def turns(seed, epoch):
        settings = {"augment": "quarter_turns"}
        return epoch_draws(IMAGES, (50, 3, 3), seed, epoch, settings)["turns"]

    assert turns(1, 3).shape == (50,)
    assert set(turns(1, 3)) <= set(range(8))
    assert len(set(turns(1, 3))) > 4
    np.testing.assert_array_equal(turns(1, 3), turns(1, 3))
    assert not np.array_equal(turns(1, 3), turns(1, 4))
    assert not np.array_equal(turns(1, 3), turns(2, 3))
    assert epoch_draws(IMAGES, (50, 3, 3), 1, 3, {"augment": "none"}) == {}


def test_shifts_move_whole_pixels_and_bring_in_sky():
    images = np.random.default_rng(0).normal(size=(4, 9, 9, 1)).astype("float32")
    shifts = np.array([[0, 0], [2, -1], [-2, 0], [0, 2]], "int32")
    shifted = np.asarray(shift(images, shifts))
    np.testing.assert_array_equal(shifted[0], images[0])
    np.testing.assert_array_equal(shifted[1, 2:, :-1], images[1, :-2, 1:])
    assert (shifted[1, :2] == 0).all()
    assert (shifted[1, :, -1] == 0).all()
    np.testing.assert_array_equal(shifted[2], scipy.ndimage.shift(images[2], (-2, 0, 0), order=0))
    np.testing.assert_array_equal(shifted[3], scipy.ndimage.shift(images[3], (0, 2, 0), order=0))


def test_a_student_sees_its_images_shifted():
    examples = NETWORKS["student"].examples
    settings = {"augment": "quarter_turns", "max_shift": 2}
    drawn = epoch_draws(examples, (300, 9, 9), 1, 2, settings)
    assert {tuple(each + 2) for each in drawn["shifts"]} == set(np.ndindex(5, 5))
    images = np.random.default_rng(0).normal(size=(300, 9, 9)).astype("float32")
    seen = examples.look({"images": images, **drawn})
    expected = shift(turn(images[..., None], drawn["turns"]), drawn["shifts"])
    np.testing.assert_array_equal(seen, expected)
    assert "shifts" not in epoch_draws(examples, (300, 9, 9), 1, 2, settings | {"max_shift": 0})


def test_a_student_of_rings_sees_its_images_turned_by_any_step_and_mirrored():
    examples = NETWORKS["ring_student"].examples
    drawn = epoch_draws(examples, (600, 24, 64, 2), 1, 2, {"augment": "quarter_turns"})
    assert set(drawn["steps"]) == set(range(64))
    assert set(drawn["mirrored"]) == {0, 1}
    images = np.random.default_rng(0).normal(size=(600, 24, 64, 2)).astype("float32")
    seen = np.asarray(examples.look({"images": images, **drawn}))
    for row in range(5):
        one = images[row : row + 1]
        one = mirrored(one) if drawn["mirrored"][row] else one
        found = [s for s in range(64) if np.array_equal(seen[row], np.roll(one[0], s, axis=1))]
        assert len(found) == 1
    assert epoch_draws(examples, (600, 24, 64, 2), 1, 2, {"augment": "none"}) == {}
    assert examples.look({"images": images}) is images


def test_turns_are_the_eight_symmetries():
    image = np.arange(9, dtype="float32").reshape(3, 3)
    turned = np.asarray(turn(np.tile(image[None, ..., None], (8, 1, 1, 1)), np.arange(8)))[..., 0]
    expected = [np.rot90(side, k) for side in (image, image.T) for k in range(4)]
    assert {t.tobytes() for t in turned} == {np.ascontiguousarray(e).tobytes() for e in expected}
    np.testing.assert_array_equal(turned[0], image)


def test_cosine_schedule_warms_up_and_decays_to_a_hundredth():
    rate = learning_rate({"learning_rate": 0.1, "schedule": "cosine"}, 200)
    values = [float(rate(step)) for step in (0, 5, 10, 105, 200)]
    assert values[0] == pytest.approx(0.01)
    assert values[0] < values[1] < values[2]
    assert values[2] == pytest.approx(0.1)
    assert values[3] == pytest.approx(0.1 * 0.505, rel=1e-3)
    assert values[4] == pytest.approx(0.001, rel=1e-3)


def test_constant_schedule_is_a_number():
    assert learning_rate({"learning_rate": 0.1, "schedule": "constant"}, 200) == 0.1


def test_effective_dimension_counts_directions():
    features = np.random.default_rng(0).normal(size=(4000, 6))
    assert health.effective_dimension(features) == pytest.approx(6, rel=0.01)
    assert health.effective_dimension(features[:, :1] * np.arange(1, 4)) == pytest.approx(1)
    assert health.effective_dimension(np.ones((5, 3))) == 0


def test_dead_units_never_vary():
    features = np.array([[0.0, 1.0, 3.0], [0.0, 1.0, 4.0]])
    assert health.dead_units(features) == 2
    health.check_alive(features, np.array([[0.1], [0.2]]), "here")


def test_constant_embedding_stops_training_with_a_remedy():
    with pytest.raises(TrainingError, match=r"all 3 units.*4 held-out.*learning_rate"):
        health.check_alive(np.ones((4, 3)), np.random.default_rng(0).random((4, 2)), "epoch 1")


def test_constant_output_stops_training_with_a_remedy():
    with pytest.raises(TrainingError, match=r"epoch 1: the outputs.*all the same"):
        health.check_alive(np.eye(4), np.ones((4, 2)), "epoch 1")


def test_loss_that_is_no_number_stops_training_with_a_remedy():
    with pytest.raises(TrainingError, match=r"epoch 2: received a loss of nan.*learning_rate"):
        health.check_loss(float("nan"), "epoch 2")


def test_warnings_name_dead_units_and_the_mean_image():
    features = np.zeros((4, 3))
    features[:, 0] = np.arange(4)
    dead, constant = health.warnings_about(features, val_loss=0.5, baseline=0.4)
    assert "2 of 3 units" in dead
    assert "not below that of the best constant output" in constant
    assert health.warnings_about(np.eye(3), 0.3, 0.4) == ()


def variables(*values):
    return [keras.Variable(np.asarray(value, "float32")) for value in values]


def test_backup_returns_what_was_saved(tmp_path):
    backup = Backup(tmp_path / "folder", fingerprint(seed=1))
    saved = Progress(3, 7, 12.5, 1.5, [{"epoch": 1}], 2, [np.ones((2, 2), "float32")])
    backup.save(saved, variables([1, 2], [[3]]))
    into = variables([0, 0], [[0]])
    restored = backup.restore(into)
    np.testing.assert_array_equal(restored.best_weights[0], np.ones((2, 2)))
    restored.best_weights = saved.best_weights
    assert restored == saved
    np.testing.assert_array_equal(into[0], [1, 2])
    backup.remove()
    assert not backup.path.parent.exists()
    assert backup.restore(into) == Progress()


def test_backup_of_other_settings_is_not_used(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    Backup(tmp_path, fingerprint(seed=1)).save(Progress(epoch=3), variables([1]))
    assert Backup(tmp_path, fingerprint(seed=2)).restore(variables([0])) == Progress()
    assert "another training: starting afresh" in caplog.text


def test_damaged_backup_is_not_used(tmp_path, caplog):
    backup = Backup(tmp_path, fingerprint(seed=1))
    backup.save(Progress(epoch=3), variables([1]))
    backup.path.write_bytes(backup.path.read_bytes()[:100])
    assert backup.restore(variables([0])) == Progress()
    assert "cannot be read" in caplog.text


def test_killed_while_saving_leaves_the_former_backup(tmp_path, monkeypatch):
    backup = Backup(tmp_path, fingerprint(seed=1))
    backup.save(Progress(epoch=3), variables([1]))
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        backup.save(Progress(epoch=4), variables([2]))
    assert backup.restore(variables([0])).epoch == 3


def test_sigterm_is_a_reason_to_stop_and_its_handler_is_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with StopRequest(None) as stop:
        assert stop.reason() == ""
        os.kill(os.getpid(), signal.SIGTERM)
        assert "SIGTERM" in stop.reason()
    assert signal.getsignal(signal.SIGTERM) is before


def test_deadline_counts_the_step_to_come():
    with StopRequest(1e6) as stop:
        assert stop.reason(10) == ""
        assert "deadline" in stop.reason(2e6)


def test_deadline_of_a_job_leaves_a_margin(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert job_deadline(60) is None
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    assert job_deadline(None) is None
    assert job_deadline(10) == 540
    assert job_deadline(600) == 36_000 - 180


def test_interruption_ends_the_process_with_a_status():
    error = TrainingInterrupted("stopped")
    assert error.code == 75
    assert str(error) == "stopped"


def test_unknown_backend_is_refused():
    with pytest.raises(ConfigError, match="expected 'tensorflow' or 'jax'"):
        start_backend("theano")


def test_changing_a_running_backend_is_refused():
    other = {"tensorflow": "jax", "jax": "tensorflow"}[keras.backend.backend()]
    with pytest.raises(ConfigError, match=f"KERAS_BACKEND={other}"):
        start_backend(other)


def test_durations_are_for_people():
    assert [duration(s) for s in (12.4, 200, 7500)] == ["12 s", "3 min 20 s", "2 h 05 min"]
