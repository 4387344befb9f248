"""What is wrong with the artifact of a fitted encoder is said when it is loaded."""

import h5py
import numpy as np
import pytest

from edited import edited
from lensflow.embed.encoders import ENCODERS
from lensflow.embed.pca import PcaEncoder
from lensflow.embed.polar import PolarEncoder
from lensflow.errors import ArtifactError
from lensflow.prepare.polar_grid import N_INPUTS, RING_EDGES_PX

ARRAYS = [
    *(("pca", key) for key in ("mean", "components", "variance")),
    *(("polar", key) for key in ("mean", "directions", "eigenvalues", "ring_edges")),
]
NUMBERS = [
    *(("pca", key) for key in ("n_features", "seed", "n_images")),
    *(("polar", key) for key in ("n_features", "seed", "n_objects", "n_views")),
]


@pytest.fixture
def path_of(tmp_path):
    """Return a function that writes the artifact of an encoder of three features."""

    def write(name):
        draw = np.random.default_rng(1)
        if name == "pca":
            arrays = (draw.random(shape).astype("f4") for shape in (25, (25, 3), 3))
            encoder = PcaEncoder(*arrays, 7, 60)
        else:
            arrays = (draw.random(shape) for shape in (N_INPUTS, (N_INPUTS, 3), 3))
            encoder = PolarEncoder(*arrays, 7, 60, 2)
        encoder.save(tmp_path / f"{name}.h5")
        return tmp_path / f"{name}.h5"

    return write


def replace(path, key, value):
    with edited(path) as file:
        del file[key]
        file[key] = value


def load(name, path, n_features=3):
    return ENCODERS[name].load(path, {}, n_features)


@pytest.mark.parametrize("n_features", [1, 5, 8])
@pytest.mark.parametrize("name", ["pca", "polar"])
def test_another_number_of_features_is_refused(path_of, name, n_features):
    path = path_of(name)
    assert load(name, path, 3)
    with pytest.raises(ArtifactError, match=f"makes 3 features, {n_features} were expected"):
        load(name, path, n_features)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("name", "key"), ARRAYS)
def test_values_that_are_not_finite_are_refused(path_of, name, key, value):
    path = path_of(name)
    with h5py.File(path) as file:
        array = file[key][()].astype(float)
    array.flat[1] = value
    replace(path, key, array)
    with pytest.raises(ArtifactError, match=rf"{name}.h5: 1 of \d+ values of /{key} are not fin"):
        load(name, path)


@pytest.mark.parametrize(
    "array",
    [np.ones(1), np.float64(1), np.ones((2, 2, 2)), np.ones((1, 3)), np.ones(2), np.ones(0)],
    ids=lambda array: str(np.shape(array)),
)
@pytest.mark.parametrize(("name", "key"), ARRAYS)
def test_other_shapes_are_refused(path_of, name, key, array):
    path = path_of(name)
    replace(path, key, array)
    with pytest.raises(ArtifactError, match=r"of the shape \(.*, real numbers of the shape \("):
        load(name, path)


@pytest.mark.parametrize("kind", ["S1", "c16"])
@pytest.mark.parametrize(("name", "key"), ARRAYS)
def test_what_is_no_real_number_is_refused(path_of, name, key, kind):
    path = path_of(name)
    with h5py.File(path) as file:
        shape = file[key].shape
    replace(path, key, np.ones(shape, kind))
    with pytest.raises(ArtifactError, match=f"/{key} holds .*, real numbers of the shape"):
        load(name, path)


@pytest.mark.parametrize(("name", "key"), ARRAYS)
def test_a_missing_array_is_named(path_of, name, key):
    path = path_of(name)
    with edited(path) as file:
        del file[key]
    with pytest.raises(ArtifactError, match=f"there is no dataset /{key}"):
        load(name, path)


@pytest.mark.parametrize("value", [None, "three", 2.5, [3, 3]], ids=str)
@pytest.mark.parametrize(("name", "key"), NUMBERS)
def test_a_missing_or_wrong_number_is_named(path_of, name, key, value):
    path = path_of(name)
    with edited(path) as file:
        del file.attrs[key]
        if value is not None:
            file.attrs[key] = value
    with pytest.raises(ArtifactError, match=f"attribute {key} is .*, a whole number was expected"):
        load(name, path)


def test_a_polar_encoder_of_another_grid_is_refused(path_of):
    path = path_of("polar")
    replace(path, "ring_edges", RING_EDGES_PX * 2)
    with pytest.raises(ArtifactError, match="fitted on another polar grid"):
        load("polar", path)
