"""What a student makes of the images of a sample: a logit each, mean over their orientations."""

import logging
from collections.abc import Callable, Mapping
from os import PathLike

import numpy as np

from lensflow import artifacts
from lensflow.embed.images import prepared_blocks
from lensflow.samples.bands import expect_bands
from lensflow.samples.images import open_images
from lensflow.samples.predictions import write_predictions
from lensflow.samples.stacks import PREPARED, open_stack

logger = logging.getLogger(__name__)


def predict_stack(
    stack_path: str | PathLike,
    student: str,
    student_path: str | PathLike,
    preset: Mapping,
    judgement: str,
    output_path: str | PathLike,
) -> None:
    """Predict one shard of the training or the test sample.

    Parameters
    ----------
    stack_path : path-like
        The prepared stack.
    student : str
        Which of `lensflow.networks.kinds.STUDENTS`.
    student_path : path-like
        Its weights.
    preset : mapping
        The preset it was trained with.
    judgement : str
        Whose judgement of the clusters it learned from.
    output_path : path-like
        Predictions to write, one row an image of the stack.
    """
    with (
        open_stack(stack_path, PREPARED) as stack,
        artifacts.descending(stack_path, student_path),
    ):
        predict = load_student(student, student_path, preset, stack.scale)
        expect_bands(stack.file, student_path)
        blocks = (predict(images) for images in stack.blocks())
        write_predictions(output_path, stack.rows(), blocks, judgement)
        logger.info("predicted %d images", len(stack))


def predict_images(
    images_path: str | PathLike,
    student: str,
    student_path: str | PathLike,
    preset: Mapping,
    judgement: str,
    scale: str,
    output_path: str | PathLike,
) -> None:
    """Predict one shard of a dataset that models are applied to, in bounded memory.

    Parameters
    ----------
    images_path : path-like
        Image shard of the dataset.
    student, student_path, preset, judgement
        As in `predict_stack`.
    scale : str
        Which of `lensflow.prepare.scaling.SCALES`.
    output_path : path-like
        Predictions to write, one row an image.
    """
    predict = load_student(student, student_path, preset, scale)
    with open_images(images_path) as images:
        expect_bands(images.file, student_path)
        blocks = map(predict, prepared_blocks(images, "flux", scale, preset["image_size"]))
        write_predictions(output_path, images.rows(), blocks, judgement)
        logger.info("predicted %d images", len(images))


def load_student(
    student: str, path: str | PathLike, preset: Mapping, scale: str
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from images on a scale (n, size, size) to logits (n,), float32.

    Raises
    ------
    ArtifactError
        When the file does not hold weights of the preset's student.
    """
    # Keras takes the backend that is set when it is imported.
    from lensflow.networks.inference import load_network, predict

    built = load_network(student, preset, path)
    batch = preset["training"][student]["batch_size"]

    def logits(seen: np.ndarray) -> np.ndarray:
        return predict(built.model, seen, batch)[:, 0]

    return lambda images: built.examples.predict(logits, images, scale, preset)
