"""What a student says of the images of a shard: the mean over eight orientations, and its rows."""

import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.errors import ArtifactError
from lensflow.prepare.inputs import prepare_images, smaller
from lensflow.prepare.polar_images import polar_images
from lensflow.samples.predictions import open_predictions
from lensflow.samples.stacks import write_stack
from network_presets import tiny_ring_student, tiny_student

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

keras = pytest.importorskip("keras")

from lensflow.embed.predictions import load_student, predict_images, predict_stack  # noqa: E402
from lensflow.networks.build import build_network  # noqa: E402

N, SIDE = 7, 13
PRESET = tiny_student()
FLUX = (5 * np.random.default_rng(0).normal(size=(N, 26, 26))).astype("f4")
SKY = np.linspace(0.5, 2, N).astype("f4")
IDS = [f"0{i}" for i in range(N)]


@pytest.fixture
def student(tmp_path):
    network = build_network("student", PRESET, seed=3)
    network.model.save_weights(tmp_path / "student.weights.h5")
    return tmp_path / "student.weights.h5", network.model


@pytest.fixture
def stack(tmp_path):
    rows = pd.DataFrame({"id": IDS, "rotation": np.arange(N) % 4, "is_lens": np.arange(N) % 2})
    images = prepare_images(FLUX, SKY, "sigma", SIDE)
    write_stack(tmp_path / "stack.h5", rows, [images], SIDE, "sigma", "image")
    return tmp_path / "stack.h5", rows, images


def test_a_stack_is_predicted_by_the_mean_over_its_orientations(tmp_path, student, stack):
    path, rows, images = stack
    predict_stack(path, "student", student[0], PRESET, "known", tmp_path / "p.h5")
    seen = smaller(images, "sigma", 9)
    views = [np.rot90(side, k, axes=(1, 2)) for side in (seen, seen[:, :, ::-1]) for k in range(4)]
    expected = np.mean([np.asarray(student[1](view[..., None]))[:, 0] for view in views], axis=0)
    with open_predictions(tmp_path / "p.h5") as predictions:
        np.testing.assert_allclose(predictions.logits(), expected, rtol=1e-4, atol=1e-6)
        pd.testing.assert_frame_equal(predictions.rows(), rows, check_dtype=False)
        assert predictions.judgement == "known"
    assert np.ptp(expected) > 0


def test_a_dataset_is_predicted_as_its_stack_is(tmp_path, student, stack):
    with artifacts.create(tmp_path / "images.h5", "images", {"state": "raw"}) as writer:
        writer.dataset("flux", FLUX, "AB maggies", compress=False)
        writer.dataset("sky_sigma", SKY)
        writer.strings("id", IDS)
        artifacts.write_table(writer, "catalogue", stack[1][["is_lens"]])
    predict_stack(stack[0], "student", student[0], PRESET, "known", tmp_path / "a.h5")
    predict_images(
        tmp_path / "images.h5", "student", student[0], PRESET, "known", "sigma", tmp_path / "b.h5"
    )
    with open_predictions(tmp_path / "a.h5") as one, open_predictions(tmp_path / "b.h5") as other:
        np.testing.assert_array_equal(one.logits(), other.logits())
        assert other.rows()["id"].tolist() == IDS
        assert other.rows()["rotation"].eq(0).all()


def test_a_student_of_rings_says_the_same_in_all_eight_orientations(tmp_path):
    preset, path = tiny_ring_student(), tmp_path / "ring_student.weights.h5"
    built = build_network("ring_student", preset, seed=3)
    built.model.save_weights(path)
    predict = load_student("ring_student", path, preset, "sigma")
    images = 5 * np.random.default_rng(0).normal(size=(6, 101, 101)).astype("float32")
    logits = predict(images)
    assert logits.shape == (6,)
    assert np.ptp(logits) > 1e-3
    for mirror in (images, images[:, :, ::-1]):
        for turns in range(4):
            view = np.ascontiguousarray(np.rot90(mirror, turns, axes=(1, 2)))
            np.testing.assert_allclose(predict(view), logits, atol=2e-5)
    # Each single orientation would say something else.
    seen = polar_images(images)
    alone = [np.asarray(built.model(np.roll(seen, step, axis=2)))[:, 0] for step in (0, 1)]
    assert np.abs(alone[0] - alone[1]).max() > 1e-4


def test_weights_of_another_student_are_refused(tmp_path, student, stack):
    preset = tiny_student()
    preset["student"]["convolutions"][0]["filters"] = 5
    with pytest.raises(ArtifactError, match="does not hold weights of the network"):
        predict_stack(stack[0], "student", student[0], preset, "known", tmp_path / "p.h5")
    assert not (tmp_path / "p.h5").exists()


def test_binned_images_are_in_units_of_their_own_noise():
    noise = np.random.default_rng(0).normal(size=(200, 26, 26)).astype("f4")
    binned = smaller(noise, "sigma", SIDE)
    flux = 4 * (10**binned - 1)
    assert flux[flux > 0].mean() == pytest.approx(np.sqrt(2 / np.pi), rel=0.02)
    stretched = np.random.default_rng(0).random((3, 26, 26)).astype("f4")
    np.testing.assert_allclose(
        smaller(stretched, "log", SIDE), stretched.reshape(3, 13, 2, 13, 2).mean((2, 4)), rtol=1e-5
    )
