"""Trains one network from start to end, or from where a former attempt was stopped."""

import logging
from collections.abc import Mapping, Sequence
from os import PathLike

import keras
import numpy as np

from lensflow import artifacts
from lensflow.errors import ConfigError
from lensflow.networks import runtime
from lensflow.networks.build import build_network
from lensflow.networks.kinds import NETWORKS
from lensflow.networks.weights import write_weights
from lensflow.samples.stacks import open_stack
from lensflow.train.backup import Backup, fingerprint
from lensflow.train.data import load_images
from lensflow.train.epochs import Training
from lensflow.train.examples import write_examples
from lensflow.train.history import TrainingReport, duration, write_history
from lensflow.train.stops import StopRequest

logger = logging.getLogger(__name__)


def train_network(
    network: str,
    preset: Mapping,
    stack_paths: Sequence[str | PathLike],
    weights_path: str | PathLike,
    history_path: str | PathLike,
    report_path: str | PathLike,
    *,
    examples_path: str | PathLike | None = None,
    targets: np.ndarray | None = None,
    n_features: int | None = None,
    seed: int = 0,
    held_out: float = 0.05,
    layers: str = "phase",
    data_on: str = "host",
    xla: str = "auto",
    backup_folder: str | PathLike = "backup",
    backup_every: float = 60.0,
    deadline: float | None = None,
    code: str = "",
) -> TrainingReport:
    """Train a network and write its weights, history and report.

    Killed at any moment, it goes on from its backup when it is called again with the same
    arguments; on the CPU the weights are then the same, bit for bit, as without the interruption.

    Parameters
    ----------
    network : str
        Which of `lensflow.networks.kinds.NETWORKS`: which part of the preset is trained.
    preset : mapping
        The preset, as the schema of the configuration has it.
    stack_paths : sequence of path-like
        The training sample.
    weights_path, history_path, report_path : path-like
        Outputs: ``.weights.h5``, ``.csv`` and ``.json``.
    examples_path : path-like, optional
        Output: some images of the first stack beside their reconstructions.
    targets : ndarray of shape (n,), float32, optional
        What is to be said of each image of the sample, for a network that learns it.
    n_features : int, optional
        Size of the embedding, for a network that has one.
    seed : int
        Seed of initial weights, held-out objects, order and augmentation.
    held_out : float
        Share of the objects that is never trained on.
    layers : {"phase", "plain"}
        As for `lensflow.networks.build.build_network`.
    data_on : {"host", "device"}
        Where the images are kept; on the device, many steps run without the host, see
        `lensflow.train.feeding.steps_together`.
    xla : {"auto", "on", "off"}
        Whether Keras compiles the step with XLA.
    backup_folder : path-like
        A folder of this training alone, outside the workflow's outputs.
    backup_every : float
        Seconds between two backups, made between two steps.
    deadline : float, optional
        Seconds after the start of the process at which it must have stopped.
    code : str
        A hash of the code; a backup made by other code is not used.

    Returns
    -------
    TrainingReport

    Raises
    ------
    lensflow.errors.TrainingError
        When the loss is not finite or the network tells no image from another.
    lensflow.train.stops.TrainingInterrupted
        After SIGTERM or at the deadline, with a backup written; ends the process with status 75.
    lensflow.errors.ConfigError
        When the images do not fit the preset, or ``data_on`` or ``xla`` is something else.
    """
    settings = preset["training"][network]
    artifacts.expect_order(stack_paths, stage=NETWORKS[network].input_stage)
    bands = _checked_bands(stack_paths[0], preset, network)
    n_bands = len(bands) or 1
    built = build_network(network, preset, n_features, layers, seed, n_bands=n_bands)
    logger.info("%s computes in %s on %s", network, built.precision, runtime.device_name())
    images = load_images(stack_paths, held_out, seed, built.examples, preset, targets)
    training = Training(built, settings, images, seed)
    training.compile(data_on, xla)
    key = fingerprint(
        network=[network, preset["image_size"], preset[network], built.precision],
        settings=settings,
        run=[n_features, seed, held_out, layers, xla, keras.backend.backend()],
        data=images.digest(),
        code=code,
    )
    backup = Backup(backup_folder, key)
    training.progress = backup.restore(training.variables)
    with StopRequest(deadline) as stop:
        stopped = training.run(backup, stop, backup_every)
    report = training.finish(stopped)
    with artifacts.descending(*stack_paths):
        write_weights(training.network, weights_path, network, n_features, bands)
        if examples_path is not None:
            write_examples(built, stack_paths[0], examples_path, settings["batch_size"], seed)
    _write_records(training, report, history_path, report_path)
    backup.remove()
    return report


def _checked_bands(stack_path: str | PathLike, preset: Mapping, network: str) -> tuple[str, ...]:
    """Return the bands of the images, which have the size of the preset."""
    with open_stack(stack_path) as stack:
        received, size, bands = stack.size, preset["image_size"], stack.bands
    if received != size:
        raise ConfigError(
            f"{network}: received images of {received} px, expected image_size = {size} from the "
            "preset. Prepare the stacks with the same preset."
        )
    return bands


def _write_records(
    training: Training,
    report: TrainingReport,
    history_path: str | PathLike,
    report_path: str | PathLike,
) -> None:
    write_history(history_path, training.progress.history)
    report.write(report_path)
    logger.info(
        "%s: %d epochs in %s (%s), held-out loss %.5f (constant output %.5f), %d of %d units dead",
        training.name,
        report.epochs,
        duration(report.seconds),
        report.stopped,
        report.final_val_loss,
        report.constant_loss,
        report.dead_units,
        report.units,
    )
