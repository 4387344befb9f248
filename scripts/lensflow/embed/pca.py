"""Principal components of images: the simplest encoder, and what every other has to beat."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import ClassVar

import numpy as np

from lensflow import artifacts
from lensflow.embed.fitted import (
    check_computed,
    check_features,
    open_encoder,
    read_array,
    read_number,
    single,
)
from lensflow.errors import ConfigError, TrainingError
from lensflow.samples.bands import bands_attribute
from lensflow.samples.stacks import open_stack
from lensflow.seeds import rng

IMAGES_AT_MOST = 8192
"""Images that determine the components: 330 MB at 101 x 101 pixels, however large the sample."""

BATCH = 1024


@dataclass(frozen=True)
class PcaEncoder:
    """Projection of images of one size and scale onto their principal components.

    Attributes
    ----------
    mean : ndarray of shape (size * size,), float32
        Mean image.
    components : ndarray of shape (size * size, n_features), float32
        One a column, of unit length, by falling variance; the largest entry of each (by size) is
        positive.
    variance : ndarray of shape (n_features,), float32
        Variance of the images along each component.
    seed : int
        Seed of the draw and of the decomposition.
    n_images : int
        Images that it was fitted to.
    """

    mean: np.ndarray
    components: np.ndarray
    variance: np.ndarray
    seed: int
    n_images: int

    name: ClassVar[str] = "pca"

    @classmethod
    def fit(
        cls, blocks: Iterable[np.ndarray], n_images: int, n_features: int, seed: int
    ) -> "PcaEncoder":
        """Fit principal components to images drawn evenly from a sample.

        At most `IMAGES_AT_MOST` images are drawn and kept, however large the sample; which ones
        depends on the seed and on ``n_images``, and not on the blocks.

        Parameters
        ----------
        blocks : iterable of ndarray of shape (m, size, size) or (m, n_bands, size, size)
            All images of the sample, in order, on any scale; finite.
        n_images : int
            How many there are in all blocks.
        n_features : int
            Components to keep.
        seed : int
            Of the draw and of the randomised decomposition.

        Raises
        ------
        ConfigError
            When there is no component, or no more images or fewer pixels than components, or not
            ``n_images`` images.
        TrainingError
            When an image is not finite or too bright to be squared, or the images differ in fewer
            than ``n_features`` directions.
        """
        # Slow to import, and only fitting needs it.
        from sklearn.decomposition import PCA

        _check_number(n_images, n_features)
        rows = _drawn_rows(blocks, n_images, seed)
        if rows.shape[1] < n_features:
            raise ConfigError(
                f"{n_features} principal components need as many pixels, received images of "
                f"{rows.shape[1]}; use fewer features"
            )
        _check_bright(rows)
        solver = "randomized" if min(rows.shape) > 500 else "full"
        # Of images that are all alike it divides 0 by 0.
        with np.errstate(invalid="ignore"):
            fitted = PCA(n_features, svd_solver=solver, random_state=seed).fit(rows)
        # In this order of memory a product has scikit-learn's bits, loaded from a file or not.
        components = np.ascontiguousarray(fitted.components_.T)
        _check_directions(rows, components)
        return cls(fitted.mean_, components, fitted.explained_variance_, seed, len(rows))

    @property
    def n_features(self) -> int:
        """Number of components."""
        return len(self.variance)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return the principal components of images.

        Parameters
        ----------
        images : ndarray of shape (n, size, size) or (n, n_bands, size, size)
            On the scale that the encoder was fitted to; finite.

        Returns
        -------
        ndarray of shape (n, n_features), float32

        Raises
        ------
        ConfigError
            When the images have another size.
        TrainingError
            When an image is not finite, or too bright for finite features.
        """
        self._check_size(images)
        features = np.empty((len(images), self.n_features), np.float32)
        centre = self.mean[None] @ self.components
        for start in range(0, len(images), BATCH):
            rows = _as_rows(images[start : start + BATCH])
            with np.errstate(over="ignore", invalid="ignore"):
                features[start : start + BATCH] = rows @ self.components - centre
        check_computed(features)
        return features

    def save(self, path: str | PathLike, bands: Sequence[str] = ()) -> None:
        """Write the encoder (kind "encoder"); equal content gives equal bytes.

        Parameters
        ----------
        path : path-like
        bands : sequence of str
            Those of the images that it was fitted to, where they have several.
        """
        own = {"encoder": self.name, "n_features": self.n_features}
        own |= {"n_images": self.n_images, "seed": self.seed}
        own |= bands_attribute(bands)
        with artifacts.create(path, "encoder", own) as writer:
            writer.dataset("mean", self.mean, description="mean image, row-major [y, x]")
            text = "features = (images - mean) @ components; of unit length, by falling variance"
            writer.dataset("components", self.components, description=text)
            text = "variance of the images along each component"
            writer.dataset("variance", self.variance, description=text)

    @classmethod
    def load(cls, path: str | PathLike) -> "PcaEncoder":
        """Read what `save` wrote.

        Raises
        ------
        ArtifactError
            When the file is damaged or missing, or holds another encoder, or something of it is
            missing, not finite, or of another shape.
        """
        with open_encoder(path, cls.name) as file:
            n_features = read_number(file, "n_features")
            mean = read_array(file, "mean", (None,))
            components = read_array(file, "components", (len(mean), n_features))
            variance = read_array(file, "variance", (n_features,))
            numbers = (read_number(file, key) for key in ("seed", "n_images"))
            return cls(mean, components, variance, *numbers)

    def _check_size(self, images: np.ndarray) -> None:
        if np.ndim(images) not in (3, 4) or np.prod(np.shape(images)[1:]) != len(self.mean):
            raise ConfigError(
                f"these principal components are of images of {len(self.mean)} pixels in all "
                f"bands, received the shape {np.shape(images)}; give images of the preset and the "
                "bands that they were fitted to"
            )


def _check_number(n_images: int, n_features: int) -> None:
    if n_features < 1:
        raise ConfigError(
            f"at least 1 principal component was expected, received {n_features}; use more features"
        )
    if n_images <= n_features:
        raise ConfigError(
            f"{n_features} principal components need as many images and one more, received "
            f"{n_images}; use fewer features or more images"
        )


def _check_bright(rows: np.ndarray) -> None:
    """Refuse images whose variance would overflow."""
    with np.errstate(over="ignore"):
        largest = np.maximum(rows.max(axis=1), -rows.min(axis=1))
        check_computed(largest**2 * np.float32(rows.size))


def _check_directions(rows: np.ndarray, components: np.ndarray) -> None:
    """Refuse components along which images differ by no more than rounding: they are arbitrary."""
    # From the first image, for the mean of equal images is not exactly their own.
    variance = ((rows - rows[0]) @ components).var(axis=0, dtype=np.float64)
    rounding = max(rows.shape) * np.finfo(np.float32).eps ** 2
    differ = np.count_nonzero(variance > rounding * variance.sum())
    if differ < len(variance):
        raise TrainingError(
            f"the images differ in {differ} directions, {len(variance)} features were expected; "
            "use fewer features, or more and other images"
        )


def _drawn_rows(blocks: Iterable[np.ndarray], n_images: int, seed: int) -> np.ndarray:
    """Return the drawn images, one flat image a row, in their order."""
    drawn = np.sort(rng(seed, "pca").permutation(n_images)[:IMAGES_AT_MOST])
    kept, start = [], 0
    for block in blocks:
        stop = start + len(block)
        kept.append(_as_rows(block[drawn[(drawn >= start) & (drawn < stop)] - start]))
        start = stop
    if start != n_images:
        raise ConfigError(
            f"{n_images} images were announced and {start} came; count the images of the blocks"
        )
    return np.concatenate(kept)


def _as_rows(images: np.ndarray) -> np.ndarray:
    """Return one flat image a row, float32, or say that something is not finite."""
    rows = single(images).reshape(len(images), -1)
    bad = ~np.isfinite(rows).all(axis=1)
    if bad.any():
        raise TrainingError(
            f"{bad.sum()} of {bad.size} images are not finite, finite pixels were expected; "
            "ingest or prepare them again"
        )
    return rows


def fit(
    stack_paths: Iterable[str | PathLike], preset: Mapping, n_features: int, seed: int
) -> PcaEncoder:
    """Fit principal components to the stacks of a sample; see `PcaEncoder.fit` for what it raises.

    Parameters
    ----------
    stack_paths : iterable of path-like
        All shards of the training sample.
    preset : mapping
        Has no settings for it.
    n_features : int
    seed : int
    """
    stack_paths = list(stack_paths)
    n_images = sum(_n_images(path) for path in stack_paths)
    return PcaEncoder.fit(_blocks(stack_paths), n_images, n_features, seed)


def load(path: str | PathLike, preset: Mapping, n_features: int) -> Callable:
    """Return the function from images to principal components that an artifact holds.

    Raises
    ------
    ArtifactError
        As `PcaEncoder.load`, and when it makes another number of features.
    """
    encoder = PcaEncoder.load(path)
    check_features(path, encoder.n_features, n_features)
    return encoder.encode


def _n_images(path: str | PathLike) -> int:
    with open_stack(path) as stack:
        return len(stack)


def _blocks(stack_paths: Iterable[str | PathLike]) -> Iterator[np.ndarray]:
    for path in stack_paths:
        with open_stack(path) as stack:
            yield from stack.blocks()
