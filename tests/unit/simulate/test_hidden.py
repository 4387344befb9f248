"""Hidden lenses and duds: named like the others, and not to be told by anything but a look."""

import numpy as np
import pytest

from lensflow import artifacts
from lensflow.samples.hidden import read_answers, read_hidden
from lensflow.simulate.hidden import disguised, draw_hidden_stage


def draw(folder, n_lenses=3, n_duds=4, population="hard", **attrs):
    """Draw the hidden objects of a dataset of two; return their file and that of the answers."""
    with artifacts.create(folder / "index.h5", "index", attrs) as writer:
        writer.strings("id", ["Q1_0001", "Q1_0002"])
    paths = folder / "hidden.h5", folder / "hidden.csv"
    draw_hidden_stage(folder / "index.h5", *paths, n_lenses, n_duds, population, seed=5)
    return paths


def images_by_name(paths):
    return dict(zip(*read_hidden(paths[0]), strict=True))


@pytest.fixture
def drawn(tmp_path):
    return draw(tmp_path)


def test_as_many_as_asked_for_are_drawn_with_the_noise_of_the_sky(drawn):
    ids, images = read_hidden(drawn[0])
    answers = read_answers(drawn[1])
    assert images.shape == (7, 101, 101)
    assert answers.index.tolist() == ids.tolist()
    assert answers.tolist() == [1, 1, 1, 0, 0, 0, 0]
    corners = images[:, :12, :12]
    assert np.median(np.std(corners, axis=(1, 2))) == pytest.approx(1, abs=0.1)


def test_an_object_keeps_its_name_when_others_are_asked_for(drawn, tmp_path):
    """Else grades of a dud would count as those of a lens, once more lenses are hidden."""
    (tmp_path / "more").mkdir()
    more = draw(tmp_path / "more", n_lenses=5, n_duds=2)
    before, after = (read_answers(paths[1]) for paths in (drawn, more))
    kept = before.index.intersection(after.index)
    assert len(kept) == 3 + 2
    assert before[kept].tolist() == after[kept].tolist()
    images, again = images_by_name(drawn), images_by_name(more)
    assert all((images[name] == again[name]).all() for name in kept)


def test_objects_of_another_population_have_other_names(drawn, tmp_path):
    (tmp_path / "other").mkdir()
    other = draw(tmp_path / "other", population="challenge")
    assert not images_by_name(drawn).keys() & images_by_name(other).keys()


def test_of_several_bands_the_same_objects_are_hidden_in_all(drawn, tmp_path):
    (tmp_path / "bands").mkdir()
    paths = draw(tmp_path / "bands", bands="H VIS")
    ids, images = read_hidden(paths[0])
    alone_ids, alone = read_hidden(drawn[0])
    assert ids.tolist() == alone_ids.tolist()
    assert images.shape == (7, 2, 101, 101)
    np.testing.assert_array_equal(images[3:, 1], alone[3:])
    with artifacts.open(paths[0], "hidden") as file:
        assert file.attrs["bands"] == "H VIS"
    for band in (0, 1):
        corners = images[:, band, :12, :12]
        assert np.median(np.std(corners, axis=(1, 2))) == pytest.approx(1, abs=0.1)


def test_names_look_like_those_of_the_dataset_and_are_new(drawn):
    ids, _ = read_hidden(drawn[0])
    assert len(set(ids)) == 7
    assert not set(ids) & {"Q1_0001", "Q1_0002"}
    assert all(name[0] == "Q" and name[2] == "_" for name in ids)


@pytest.mark.parametrize("known", [["x"], [str(i) for i in range(10)]])
def test_names_are_new_where_those_that_look_alike_are_taken(known):
    names = disguised(known, 5, np.random.default_rng(0))
    assert len(set(names) | set(known)) == 5 + len(known)
