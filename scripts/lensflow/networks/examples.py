"""What a network is given of images, kept once and drawn anew for every step of its training."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from lensflow.prepare.augmentation import mean_over_views
from lensflow.prepare.inputs import channels_last, smaller
from lensflow.prepare.polar_grid import N_ANGLES
from lensflow.prepare.polar_images import mean_over_turns, polar_images
from lensflow.prepare.views import altered, cut_neighbours, joined


class Sample(Protocol):
    """Images of one scale that can be gone through more than once."""

    scale: str

    def blocks(self) -> Iterable[tuple[np.ndarray, list[str]]]:
        """Return images (m, size, size) and their m identifiers, block by block.

        Of several bands the images are (m, band, size, size).
        """


@dataclass(frozen=True)
class Examples:
    """What a kind of network is trained on.

    Attributes
    ----------
    keep : callable
        From (sample, preset, seed) to what is kept of its images, block by block (m, ...).
    draw : callable
        From (random generator, shape of what is kept, training settings) to what is drawn for
        each image in one epoch: arrays of n rows by name.
    fixed : callable
        From the shape of what is kept to the same for held-out images, which are always seen alike.
    look : callable
        From a batch, a mapping with ``images`` (what is kept) and what was drawn, to what the
        network is given.
    predict : callable, optional
        From (network's function of what it is given, images on a scale, scale, preset) to its mean
        over the orientations of each image, where that is what the network is for.
    has_targets : bool
        Whether each image comes with what is to be said of it: ``targets`` of the batch.
    one_an_object : bool
        Whether only the first of the rows that share an identifier counts.
    can_shift : bool
        Whether ``max_shift`` of the training settings is heeded.
    """

    keep: Callable[[Sample, Mapping, int], Iterator[np.ndarray]]
    draw: Callable[[np.random.Generator, tuple[int, ...], Mapping], dict[str, np.ndarray]]
    fixed: Callable[[tuple[int, ...]], dict[str, np.ndarray]]
    look: Callable[[Mapping[str, Any]], Any]
    predict: Callable[[Callable, np.ndarray, str, Mapping], np.ndarray] | None = None
    has_targets: bool = False
    one_an_object: bool = False
    can_shift: bool = False


def _draw_turns(
    random: np.random.Generator, shape: tuple[int, ...], settings: Mapping
) -> dict[str, np.ndarray]:
    if settings["augment"] == "none":
        return {}
    return {"turns": random.integers(0, 8, shape[0]).astype("int32")}


def _draw_turns_and_shifts(
    random: np.random.Generator, shape: tuple[int, ...], settings: Mapping
) -> dict[str, np.ndarray]:
    drawn, most = _draw_turns(random, shape, settings), settings["max_shift"]
    if most:
        shifts = random.integers(-most, most + 1, (shape[0], 2))
        drawn["shifts"] = shifts.astype("int32")
    return drawn


def _nothing(shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {}


def _look_at_images(batch: Mapping[str, Any]) -> Any:
    # Keras takes the backend that is set when it is imported.
    from keras import ops

    from lensflow.networks.symmetries import shift, turn

    images = batch["images"]
    several = len(images.shape) == 4
    images = ops.transpose(images, (0, 2, 3, 1)) if several else ops.expand_dims(images, -1)
    images = turn(images, batch["turns"]) if "turns" in batch else images
    return shift(images, batch["shifts"]) if "shifts" in batch else images


def _as_they_are(sample: Sample, preset: Mapping, seed: int) -> Iterator[np.ndarray]:
    return (images for images, _ in sample.blocks())


IMAGES = Examples(_as_they_are, _draw_turns, _nothing, _look_at_images)
"""Images, of which the network is to say something that lies in them."""


def _smaller(sample: Sample, preset: Mapping, seed: int) -> Iterator[np.ndarray]:
    size = preset["student"]["image_size"]
    return (smaller(images, sample.scale, size) for images, _ in sample.blocks())


def _predict_smaller(
    function: Callable[[np.ndarray], np.ndarray], images: np.ndarray, scale: str, preset: Mapping
) -> np.ndarray:
    seen = smaller(images, scale, preset["student"]["image_size"])
    return mean_over_views(lambda view: function(channels_last(view)), seen)


JUDGED_IMAGES = Examples(
    _smaller,
    _draw_turns_and_shifts,
    _nothing,
    _look_at_images,
    _predict_smaller,
    has_targets=True,
    can_shift=True,
)
"""Images, binned, of which somebody else has said something."""


def _polar(sample: Sample, preset: Mapping, seed: int) -> Iterator[np.ndarray]:
    return (polar_images(images) for images, _ in sample.blocks())


def _draw_steps(
    random: np.random.Generator, shape: tuple[int, ...], settings: Mapping
) -> dict[str, np.ndarray]:
    if settings["augment"] == "none":
        return {}
    steps, is_mirrored = (random.integers(0, most, shape[0]) for most in (N_ANGLES, 2))
    return {"steps": steps.astype("int32"), "mirrored": is_mirrored.astype("int32")}


def _look_at_rings(batch: Mapping[str, Any]) -> Any:
    # Keras takes the backend that is set when it is imported.
    from lensflow.networks.symmetries import turn_polar

    images = batch["images"]
    return turn_polar(images, batch["steps"], batch["mirrored"]) if "steps" in batch else images


def _predict_rings(
    function: Callable[[np.ndarray], np.ndarray], images: np.ndarray, scale: str, preset: Mapping
) -> np.ndarray:
    return mean_over_turns(function, polar_images(images))


JUDGED_RINGS = Examples(
    _polar, _draw_steps, _nothing, _look_at_rings, _predict_rings, has_targets=True
)
"""Polar images, of which somebody else has said something."""


def _altered_views(sample: Sample, preset: Mapping, seed: int) -> Iterator[np.ndarray]:
    """Yield each image as it is and altered: (m, 1 + n_views, rings, angles, channels)."""
    pool = joined(cut_neighbours(images, ids, seed) for images, ids in sample.blocks())
    for images, ids in sample.blocks():
        copies = (altered(images, ids, pool, seed, view) for view in range(preset["n_views"]))
        yield np.stack([polar_images(view) for view in (images, *copies)], axis=1)


def _draw_pairs(
    random: np.random.Generator, shape: tuple[int, ...], settings: Mapping
) -> dict[str, np.ndarray]:
    """Draw two different views of each image and, where they are to be turned, how."""
    n_images, n_views = shape[:2]
    first = random.integers(0, n_views, n_images)
    other = (first + random.integers(1, n_views, n_images)) % n_views
    drawn = {"views": np.stack([first, other], axis=1)}
    if settings["augment"] != "none":
        drawn["steps"] = random.integers(0, N_ANGLES, (n_images, 2))
        drawn["mirrored"] = random.integers(0, 2, (n_images, 2))
    return {name: values.astype("int32") for name, values in drawn.items()}


def _first_pair(shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {"views": np.tile(np.array([[0, 1]], "int32"), (shape[0], 1))}


def _look_at_pairs(batch: Mapping[str, Any]) -> Any:
    """Return one view of each image, then the other view of each."""
    # Keras takes the backend that is set when it is imported.
    from keras import ops

    from lensflow.networks.symmetries import turn_polar

    pairs = []
    for side in (0, 1):
        view = ops.reshape(batch["views"][:, side], (-1, 1, 1, 1, 1))
        images = ops.squeeze(ops.take_along_axis(batch["images"], view, axis=1), 1)
        if "steps" in batch:
            images = turn_polar(images, batch["steps"][:, side], batch["mirrored"][:, side])
        pairs.append(images)
    return ops.concatenate(pairs, axis=0)


VIEW_PAIRS = Examples(_altered_views, _draw_pairs, _first_pair, _look_at_pairs, one_an_object=True)
"""Polar images of altered copies of each object, two of them at a time."""
