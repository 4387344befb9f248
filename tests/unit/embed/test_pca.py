import numpy as np
import pytest
from sklearn.decomposition import PCA

from lensflow import artifacts
from lensflow.embed import pca
from lensflow.embed.pca import PcaEncoder
from lensflow.errors import ArtifactError, ConfigError, TrainingError


def images(n=60, size=5, seed=1):
    random = np.random.default_rng(seed)
    return random.normal(0, np.linspace(0.3, 3, size * size), (n, size * size)).reshape(
        n, size, size
    )


def test_components_are_the_eigenvectors_of_the_covariance():
    stack = images()
    encoder = PcaEncoder.fit([stack], 60, n_features=4, seed=1)
    values, vectors = np.linalg.eigh(np.cov(stack.reshape(60, -1).T))
    np.testing.assert_allclose(encoder.variance, values[::-1][:4], rtol=1e-4)
    cosines = (encoder.components * vectors[:, ::-1][:, :4]).sum(axis=0)
    np.testing.assert_allclose(abs(cosines), 1, rtol=1e-4)
    largest = abs(encoder.components).argmax(axis=0)
    assert (encoder.components[largest, np.arange(4)] > 0).all()
    assert encoder.n_features == 4


def test_features_are_those_of_scikit_learn_to_the_last_bit():
    stack = images(700, 24).astype("f4")
    rows = stack.reshape(700, -1)
    oracle = PCA(6, svd_solver="randomized", random_state=3).fit(rows)
    encoder = PcaEncoder.fit([stack], 700, n_features=6, seed=3)
    np.testing.assert_array_equal(encoder.encode(stack), oracle.transform(rows))
    assert encoder.encode(stack).dtype == np.float32


def test_the_fit_does_not_depend_on_the_blocks():
    stack = images()
    whole = PcaEncoder.fit([stack], 60, n_features=4, seed=1)
    parts = PcaEncoder.fit(np.array_split(stack, 7), 60, n_features=4, seed=1)
    np.testing.assert_array_equal(parts.components, whole.components)
    np.testing.assert_allclose(
        np.concatenate([whole.encode(block) for block in np.array_split(stack, 7)]),
        whole.encode(stack),
        rtol=1e-5,
        atol=1e-5,
    )


def test_large_samples_are_drawn_from_by_the_seed(monkeypatch):
    monkeypatch.setattr(pca, "IMAGES_AT_MOST", 30)
    monkeypatch.setattr(pca, "BATCH", 16)
    stack = images()
    first, again, other = (
        PcaEncoder.fit(np.array_split(stack, n), 60, n_features=4, seed=seed)
        for n, seed in ((1, 1), (5, 1), (1, 2))
    )
    assert first.n_images == again.n_images == 30
    np.testing.assert_array_equal(first.components, again.components)
    assert not np.allclose(first.mean, other.mean)
    assert first.encode(stack).shape == (60, 4)


def test_an_encoder_is_saved_and_loaded(tmp_path):
    encoder = PcaEncoder.fit([images()], 60, n_features=4, seed=7)
    for name in ("a.h5", "b.h5"):
        encoder.save(tmp_path / name)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    loaded = PcaEncoder.load(tmp_path / "a.h5")
    assert (loaded.seed, loaded.n_images, loaded.n_features) == (7, 60, 4)
    np.testing.assert_array_equal(loaded.encode(images()), encoder.encode(images()))
    with artifacts.open(tmp_path / "a.h5", "encoder") as file:
        assert file.attrs["encoder"] == "pca"
        for dataset in file.values():
            assert dataset.attrs["units"]
            assert dataset.attrs["description"]


def test_another_encoder_is_refused(tmp_path):
    with artifacts.create(tmp_path / "polar.h5", "encoder", {"encoder": "polar"}):
        pass
    with pytest.raises(ArtifactError, match="holds the encoder 'polar', 'pca' was expected"):
        PcaEncoder.load(tmp_path / "polar.h5")


def test_wrong_numbers_are_refused():
    stack = images()
    with pytest.raises(ConfigError, match="61 principal components need as many images"):
        PcaEncoder.fit([stack], 60, n_features=61, seed=1)
    with pytest.raises(ConfigError, match="need as many pixels, received images of 25"):
        PcaEncoder.fit([stack], 60, n_features=26, seed=1)
    for n_images in (59, 61):
        with pytest.raises(ConfigError, match=f"{n_images} images were announced and 60 came"):
            PcaEncoder.fit([stack], n_images, n_features=4, seed=1)
    encoder = PcaEncoder.fit([stack], 60, n_features=4, seed=1)
    for shape in ((2, 6, 6), (5, 5)):
        with pytest.raises(ConfigError, match="of 25 pixels in all bands, received"):
            encoder.encode(np.zeros(shape))
    assert encoder.encode(stack[:0]).shape == (0, 4)


def test_images_that_are_not_finite_are_refused():
    stack = images()
    encoder = PcaEncoder.fit([stack], 60, n_features=4, seed=1)
    stack[4, 0, 0] = np.nan
    with pytest.raises(TrainingError, match="1 of 60 images are not finite"):
        encoder.encode(stack)
    with pytest.raises(TrainingError, match="not finite"):
        PcaEncoder.fit([stack], 60, n_features=4, seed=1)


@pytest.mark.parametrize("value", [1e300, -1e39])
def test_pixels_too_large_for_single_precision_are_not_finite(value):
    stack = images()
    encoder = PcaEncoder.fit([stack], 60, n_features=4, seed=1)
    stack[4, 0, 0] = value
    with pytest.raises(TrainingError, match="1 of 60 images are not finite"):
        encoder.encode(stack)
    with pytest.raises(TrainingError, match="1 of 60 images are not finite"):
        PcaEncoder.fit([stack], 60, n_features=4, seed=1)


def test_images_too_bright_for_finite_features_are_refused():
    stack = images().astype("f4")
    encoder = PcaEncoder.fit([stack], 60, n_features=4, seed=1)
    stack[[4, 7]] = 3e38
    with pytest.raises(TrainingError, match="2 of 60 images have pixels too large"):
        encoder.encode(stack)
    with pytest.raises(TrainingError, match="2 of 60 images have pixels too large"):
        PcaEncoder.fit([stack], 60, n_features=4, seed=1)


@pytest.mark.parametrize(("n", "size"), [(60, 5), (600, 24)])
def test_images_that_differ_in_too_few_directions_are_refused(n, size):
    draw = np.random.default_rng(2)
    constant, one = np.full((n, size, size), 0.1), draw.random((size, size))
    two = draw.random((n, 2)) @ draw.random((2, size * size))
    samples = [(0, 0 * constant), (0, constant), (0, np.tile(one, (n, 1, 1)))]
    samples += [(1, constant * draw.random((n, 1, 1))), (2, two.reshape(n, size, size))]
    for rank, stack in samples:
        with pytest.raises(TrainingError, match=f"differ in {rank} directions, 3 features were"):
            PcaEncoder.fit([stack], n, n_features=3, seed=1)
    assert PcaEncoder.fit([stack], n, n_features=2, seed=1).n_features == 2


def test_as_many_components_as_images_or_none_are_refused():
    for n in (1, 4):
        with pytest.raises(ConfigError, match=f"need as many images and one more, received {n}"):
            PcaEncoder.fit([images(n)], n, n_features=n, seed=1)
    for n_features in (0, -1):
        with pytest.raises(ConfigError, match=f"at least 1 .* received {n_features}; use more"):
            PcaEncoder.fit([images()], 60, n_features=n_features, seed=1)
    assert PcaEncoder.fit([images(4)], 4, n_features=3, seed=1).n_features == 3
