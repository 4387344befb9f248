"""The study of students with few looks: what it teaches them, and how it counts what they say."""

from argparse import Namespace

import numpy as np
import pytest

pytest.importorskip("keras")

from lensflow.samples.stacks import open_stack
from lensflow.studies import teach_students
from lensflow.studies.compare_encoders import Sample
from lensflow.studies.encodings import Encoded
from lensflow.studies.teach_students import measure


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    samples = {
        "train": Sample("training", 100000, 60),
        "training": Sample("training", 100060, 40),
        "challenge": Sample("challenge", 200000, 40),
    }
    return Encoded(tmp_path_factory.mktemp("work"), samples, 3, 1)


def test_a_student_is_told_what_the_clusters_say_after_the_looks(data, tmp_path, monkeypatch):
    told = []

    def teach(data, targets, preset, seed, folder):
        told.append((targets, seed))
        return {name: np.arange(40.0) for name in ("training", "challenge")}

    monkeypatch.setattr(teach_students, "teach", teach)
    given = Namespace(n_draws=2, n_clusters=3, looks=(6, 60), seed=1)
    rows = list(measure(data, {}, given, tmp_path))
    assert len(rows) == 2 * 2 * 6
    assert {(row["way"], row["sample"], row["n_looks"]) for row in rows} == {
        (way, sample, n)
        for way in ("clusters", "student", "student, graded")
        for sample in ("training", "challenge")
        for n in (6, 60)
    }
    assert len({seed for _, seed in told}) == 4
    is_lens = data.table("train")["is_lens"].to_numpy()
    for (targets, _), (graded, _) in zip(told[::2], told[1::2], strict=True):
        assert targets.shape == (60,)
        assert targets.dtype == graded.dtype == np.float32
        assert 0 < targets.min() < targets.max() < 1
    # Of six looks six answers stand in the place of what the clusters say.
    changed = told[0][0] != told[1][0]
    assert changed.sum() == 6
    np.testing.assert_array_equal(told[1][0][changed], is_lens[changed])
    np.testing.assert_array_equal(told[3][0], is_lens)
    # Who has looked at every object says of each cluster very nearly how many lenses are in it.
    assert told[2][0].mean() == pytest.approx(is_lens.mean(), abs=0.05)


def test_the_images_that_it_is_taught_on_are_those_of_the_sample(data, tmp_path):
    teach_students._write_images(data, tmp_path / "stack.h5")
    with open_stack(tmp_path / "stack.h5") as stack:
        assert stack.rows()["id"].tolist() == data.table("train")["id"].tolist()
        np.testing.assert_array_equal(stack.images(slice(3, 5)), data.images("train")[3:5])
