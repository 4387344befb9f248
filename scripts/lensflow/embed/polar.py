"""Polar Fourier magnitudes, whitened within views: an encoder without a network.

Of the magnitudes (`lensflow.prepare.polar_grid`) those linear combinations are kept that differ
most between objects for how much they differ between altered views of one object
(`lensflow.embed.whitening`). Here are the encoder, its artifact, and its fit to stacks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import ClassVar

import h5py
import numpy as np

from lensflow import artifacts
from lensflow.embed.fitted import (
    MEND,
    check_computed,
    check_features,
    open_encoder,
    read_array,
    read_number,
    single,
)
from lensflow.embed.polar_sample import BATCH, check_images, drawn_objects, own_and_altered
from lensflow.embed.whitening import N_COMPONENTS, whitened
from lensflow.errors import ArtifactError, ConfigError
from lensflow.prepare.polar_grid import N_INPUTS, N_ORDERS, N_RINGS, RING_EDGES_PX, magnitudes
from lensflow.prepare.views import SIDE
from lensflow.samples.bands import bands_attribute
from lensflow.samples.rows import BLOCK
from lensflow.samples.stacks import open_stack

N_VIEWS = 6


@dataclass(frozen=True)
class PolarEncoder:
    """Whitened polar Fourier magnitudes of images in units of their sky noise.

    Attributes
    ----------
    mean : ndarray of shape (216,) or (n_bands * 216,)
        Mean of the magnitudes over the training sample.
    directions : ndarray of shape (len(mean), n_features)
        What the centred magnitudes are multiplied by. The largest entry of each column (by size)
        is positive.
    eigenvalues : ndarray of shape (n_features,)
        Total variance over variance within views, falling.
    seed : int
        Seed of the draw of objects and of their views.
    n_objects, n_views : int
        What it was fitted to.
    """

    mean: np.ndarray
    directions: np.ndarray
    eigenvalues: np.ndarray
    seed: int
    n_objects: int
    n_views: int

    name: ClassVar[str] = "polar"

    @classmethod
    def fit(
        cls,
        blocks: Iterable[tuple[np.ndarray, Sequence[str]]],
        n_features: int,
        seed: int,
        n_views: int = N_VIEWS,
    ) -> "PolarEncoder":
        """Fit the encoder to a sample, without labels.

        It is fitted to objects drawn from the sample (`polar_sample.drawn_objects`); which ones
        depends on the seed and the ids. Views are pasted with neighbours from the objects drawn.

        Parameters
        ----------
        blocks : iterable of (images of shape (m, 101, 101), m ids)
            In units of their sky noise; (m, n_bands, 101, 101) of several bands. The result does
            not depend on the order of the images, nor on the blocks. Of an id that comes again only
            the first image counts.
        n_features : int
            At most `whitening.N_COMPONENTS`, and fewer than objects.
        seed : int
            Seed of the configuration.
        n_views : int
            Altered copies of each object, at least 2.

        Raises
        ------
        ConfigError
            When there are too few objects, views or components, or images of another size.
        TrainingError
            When an image is not finite, or a view of it is not, or the images hardly differ.
        """
        _check_numbers(n_features, n_views)
        ids, images = drawn_objects(blocks, seed)
        _check_objects(len(ids), n_features)
        own, views = own_and_altered(images, ids, seed, n_views)
        directions, eigenvalues = whitened(own, views, n_features)
        mean = own.mean(axis=0, dtype=np.float64)
        return cls(mean, directions, eigenvalues, seed, len(ids), n_views)

    @property
    def n_features(self) -> int:
        """Number of features."""
        return len(self.eigenvalues)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return the features of images.

        Parameters
        ----------
        images : ndarray of shape (n, 101, 101) or (n, n_bands, 101, 101)
            In units of their sky noise; finite.

        Returns
        -------
        ndarray of shape (n, n_features), float32
            The same, up to rounding, for the eight orientations of an image.

        Raises
        ------
        ConfigError
            When the images have another size, or other bands.
        TrainingError
            When an image is not finite, or too bright for finite features.
        """
        check_images(images)
        self._check_bands(images)
        features = np.empty((len(images), self.n_features), np.float32)
        for start in range(0, len(images), BATCH):
            rows = slice(start, start + BATCH)
            features[rows] = single((magnitudes(images[rows]) - self.mean) @ self.directions)
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
        own = {"encoder": self.name, "n_features": self.n_features, "seed": self.seed}
        own |= {"n_objects": self.n_objects, "n_views": self.n_views}
        own |= bands_attribute(bands)
        with artifacts.create(path, "encoder", own) as writer:
            text = f"mean Fourier magnitudes: {N_RINGS} rings x orders 0 to {N_ORDERS - 1}"
            writer.dataset("mean", self.mean, description=text)
            text = "features = (magnitudes - mean) @ directions"
            writer.dataset("directions", self.directions, description=text)
            text = "total variance over variance within views"
            writer.dataset("eigenvalues", self.eigenvalues, description=text)
            writer.dataset("ring_edges", RING_EDGES_PX, "pix", "edges of the rings")

    @classmethod
    def load(cls, path: str | PathLike) -> "PolarEncoder":
        """Read what `save` wrote.

        Raises
        ------
        ArtifactError
            When the file is damaged or missing, or holds another encoder or one of another grid,
            or something of it is missing, not finite, or of another shape.
        """
        with open_encoder(path, cls.name) as file:
            _check_grid(file)
            n_features = read_number(file, "n_features")
            mean = read_array(file, "mean", (None,))
            if not len(mean) or len(mean) % N_INPUTS:
                raise ArtifactError(
                    f"{path}: /mean holds {mean.dtype} of the shape {mean.shape}, real numbers of "
                    f"the shape ({N_INPUTS} a band) were expected. {MEND}"
                )
            directions = read_array(file, "directions", (len(mean), n_features))
            eigenvalues = read_array(file, "eigenvalues", (n_features,))
            numbers = (read_number(file, key) for key in ("seed", "n_objects", "n_views"))
            return cls(mean, directions, eigenvalues, *numbers)

    def _check_bands(self, images: np.ndarray) -> None:
        received, expected = np.size(images[:1]) // SIDE**2, len(self.mean) // N_INPUTS
        if len(images) and received != expected:
            raise ConfigError(
                f"this polar encoder was fitted to images of {expected} band(s), received "
                f"{received}; give images of the same bands"
            )


def _check_grid(file: h5py.File) -> None:
    edges = read_array(file, "ring_edges", RING_EDGES_PX.shape)
    if not np.array_equal(edges, RING_EDGES_PX):
        raise ArtifactError(
            f"{file.filename}: /ring_edges is {edges.tolist()} pix, {RING_EDGES_PX.tolist()} was "
            f"expected: it was fitted on another polar grid. {MEND}"
        )


def _check_numbers(n_features: int, n_views: int) -> None:
    if not 1 <= n_features <= N_COMPONENTS:
        raise ConfigError(
            f"the polar encoder makes 1 to {N_COMPONENTS} features, received {n_features}; "
            "16 is what was measured to be best"
        )
    if n_views < 2:
        raise ConfigError(f"whitening within views needs at least 2 views, received {n_views}")


def _check_objects(n_objects: int, n_features: int) -> None:
    if n_objects <= n_features:
        raise ConfigError(
            f"{n_features} features of the polar encoder need at least {n_features + 1} objects, "
            f"received {n_objects}; use fewer features or more objects"
        )


def fit(
    stack_paths: Iterable[str | PathLike], preset: Mapping, n_features: int, seed: int
) -> PolarEncoder:
    """Fit the encoder to the stacks of a sample; see `PolarEncoder.fit` for what it raises.

    Parameters
    ----------
    stack_paths : iterable of path-like
        All shards of the training sample, images in units of their sky noise.
    preset : mapping
        Its ``n_views`` is the number of altered copies of each object.
    n_features : int
    seed : int
    """
    return PolarEncoder.fit(_named_blocks(stack_paths), n_features, seed, preset["n_views"])


def load(path: str | PathLike, preset: Mapping, n_features: int) -> Callable:
    """Return the function from images to features that an artifact holds.

    Raises
    ------
    ArtifactError
        As `PolarEncoder.load`, and when it makes another number of features.
    """
    encoder = PolarEncoder.load(path)
    check_features(path, encoder.n_features, n_features)
    return encoder.encode


def _named_blocks(
    stack_paths: Iterable[str | PathLike],
) -> Iterator[tuple[np.ndarray, Sequence[str]]]:
    """Yield images and identifiers, a block at a time."""
    for path in stack_paths:
        with open_stack(path) as stack:
            ids = stack.rows()["id"].to_numpy()
            for start in range(0, len(stack), BLOCK):
                rows = slice(start, start + BLOCK)
                yield stack.images(rows), ids[rows]
