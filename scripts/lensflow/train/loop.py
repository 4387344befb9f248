"""Trains one network from start to end, or from where a former attempt was stopped."""

import logging
import time
from pathlib import Path

import keras
import numpy as np

from lensflow.errors import ConfigError
from lensflow.networks import runtime
from lensflow.networks.build import build_autoencoder, build_denoiser
from lensflow.networks.inference import predict, write_examples
from lensflow.networks.presets import training_settings
from lensflow.train import health
from lensflow.train.backup import Backup, Progress, fingerprint
from lensflow.train.data import Batches, epoch_order, load_images
from lensflow.train.history import TrainingReport, duration, write_history
from lensflow.train.model import Reconstruction
from lensflow.train.optimizer import make_optimizer
from lensflow.train.stops import StopRequest
from lensflow.train.watch import Watch

logger = logging.getLogger(__name__)

STEPS_ON_ACCELERATOR = 32
CHECKED_IMAGES = 256


def train_network(
    network,
    preset,
    stacks,
    weights,
    history,
    report,
    *,
    examples=None,
    n_features=None,
    seed=0,
    held_out=0.05,
    layers="phase",
    data_on="host",
    xla="auto",
    steps_per_execution=None,
    backup_folder="backup",
    backup_every=60.0,
    deadline=None,
    code="",
):
    """Train a denoiser or a feature autoencoder and write its weights, history and report.

    Killed at any moment, it goes on from its backup when it is called again with the same
    arguments; on the CPU the weights are then the same, bit for bit, as without the interruption.

    Parameters
    ----------
    network : {"denoiser", "autoencoder"}
        Which part of the preset is trained.
    preset : mapping
        The preset, see `lensflow.networks.presets.check_preset`.
    stacks : sequence of path-like, or ndarray of shape (n, size, size)
        The training sample: artifacts of kind ``stack``, or images in [0, 1].
    weights, history, report : path-like
        Outputs: ``.weights.h5``, ``.csv`` and ``.json``.
    examples : path-like, optional
        Output: some images of the first stack beside their reconstructions.
    n_features : int, optional
        Size of the embedding; for the autoencoder only.
    seed : int
        Seed of initial weights, held-out objects, order and augmentation.
    held_out : float
        Share of the objects that is never trained on.
    layers : {"phase", "plain"}
        As for `lensflow.networks.build.build_denoiser`.
    data_on : {"host", "device"}
        Where the images are kept; on the device, many steps run without the host.
    xla : {"auto", "on", "off"}
        Whether Keras compiles the step with XLA.
    steps_per_execution : int, optional
        Steps between two looks at the clock; with ``data_on: device`` on an accelerator 32,
        else 1.
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
        When the images do not fit the preset.
    """
    settings = training_settings(preset, network)
    images = load_images(stacks, held_out, seed)
    _check_images(images.images, preset, network, n_features)
    training = _Training(network, preset, settings, images, n_features, seed, layers)
    training.compile(data_on, xla, steps_per_execution)
    key = fingerprint(
        network=[network, preset["image_size"], preset[network], preset.get("precision")],
        settings=settings,
        run=[n_features, seed, held_out, layers, xla, keras.backend.backend()],
        data=images.digest(),
        code=code,
    )
    backup = Backup(backup_folder, key)
    training.progress = backup.restore(training.variables)
    with StopRequest(deadline) as stop:
        stopped = training.run(backup, stop, backup_every)
    result = training.finish(stopped)
    _write(training, result, weights, history, report)
    if examples is not None:
        write_examples(training.network, stacks, examples, settings["batch_size"], seed)
    backup.remove()
    return result


class _Training:
    """The state of one training; its methods are the parts of an epoch."""

    def __init__(self, name, preset, settings, images, n_features, seed, layers):
        self.name = name
        self.settings = settings
        self.images = images
        self.seed = seed
        self.progress = Progress()
        if n_features is None:
            self.network = build_denoiser(preset, layers, seed)
            bottleneck = self.network.get_layer(_last_encoder_layer(preset, layers)).output
        else:
            self.network = build_autoencoder(preset, n_features, layers, seed)
            bottleneck = self.network.get_layer("embedding").output
        self.probe = keras.Model(self.network.input, [bottleneck, self.network.output])
        self.constant_loss = health.constant_loss(images.held_out)
        self.n_steps = -(-images.n_training // settings["batch_size"])

    def compile(self, data_on, xla, steps_per_execution):
        """Put the images where they belong and have Keras compile the step."""
        on_device = data_on == "device"
        if steps_per_execution is None:
            many = on_device and runtime.has_accelerator()
            steps_per_execution = STEPS_ON_ACCELERATOR if many else 1
        self.model = Reconstruction(
            self.network,
            self.images.images if on_device else None,
            self.settings["augment"] != "none",
        )
        self.optimizer = make_optimizer(self.settings, self.n_steps * self.settings["epochs"])
        self.optimizer.build(self.network.trainable_variables)
        self.model.compile(
            optimizer=self.optimizer,
            jit_compile=runtime.jit_compile(xla),
            steps_per_execution=steps_per_execution,
        )

    @property
    def variables(self):
        """All numbers that a step changes."""
        return [
            *self.network.variables,
            *self.optimizer.variables,
            *self.model.metrics_variables,
        ]

    def run(self, backup, stop, backup_every):
        """Train the epochs that are left; return why it ended: ``epochs`` or ``stalled``."""
        watch = Watch(self, backup, stop, backup_every)
        while self.progress.epoch < self.settings["epochs"]:
            self._train_epoch(watch)
            self._close_epoch(watch)
            if self._has_stalled():
                return "stalled"
            watch.between_epochs()
        return "epochs"

    def _train_epoch(self, watch):
        """Train what is left of an epoch; every return of `fit` is a moment for a backup."""
        progress = self.progress
        rows, turns = epoch_order(
            self.images.n_training, self.seed, progress.epoch, self.settings["augment"]
        )
        while progress.step < self.n_steps:
            self.model.keeps_metrics = progress.step > 0
            done = progress.step * self.settings["batch_size"]
            watch.begin()
            self.model.fit(
                **self._batches(rows[done:], turns[done:]),
                epochs=1,
                shuffle=False,
                verbose=0,
                callbacks=[watch],
            )
            self.model.keeps_metrics = False
            watch.between_steps()

    def _batches(self, rows, turns):
        size = self.settings["batch_size"]
        if self.model.resident is None:
            return {"x": Batches(self.images.images, rows, turns, size)}
        return {"x": {"rows": rows, "turns": turns}, "batch_size": size}

    def _close_epoch(self, watch):
        """Measure the held-out loss and add the epoch to the history."""
        progress, begin = self.progress, time.monotonic()
        where = f"{self.name}, epoch {progress.epoch + 1}"
        loss = self.mean_loss()
        health.check_loss(loss, where)
        val_loss = self._held_out_loss()
        health.check_loss(val_loss, f"{where}, held-out images")
        health.check_alive(*self._probe(CHECKED_IMAGES), where)
        progress.seconds += time.monotonic() - begin
        progress.history.append(
            {
                "epoch": progress.epoch + 1,
                "step": (progress.epoch + 1) * self.n_steps,
                "loss": loss,
                "val_loss": val_loss,
                "constant_loss": self.constant_loss,
                "learning_rate": float(self.optimizer.learning_rate),
                "images_per_second": self.images.n_training / max(progress.epoch_seconds, 1e-9),
                "seconds": progress.seconds,
            }
        )
        self._keep_best()
        progress.epoch, progress.step, progress.epoch_seconds = progress.epoch + 1, 0, 0.0
        watch.report()

    def mean_loss(self):
        """Return the mean loss over the steps done of this epoch."""
        return float(self.model.metrics[0].result())

    def _held_out_loss(self):
        images = self.images
        rows = np.arange(images.n_training, len(images.images), dtype="int32")
        batches = self._batches(rows, np.zeros(len(rows), "int32"))
        return float(self.model.evaluate(**batches, verbose=0, return_dict=True)["loss"])

    def _probe(self, n_images):
        """Return bottleneck (n, d) and reconstruction of the first held-out images."""
        held_out = self.images.held_out[:n_images, :, :, None]
        features, outputs = predict(self.probe, held_out, self.settings["batch_size"])
        return features.reshape(-1, features.shape[-1]).astype("float32"), outputs

    def _keep_best(self):
        """Remember the weights of the best epoch, when patience says that they are returned."""
        history, progress = self.progress.history, self.progress
        is_best = history[-1]["val_loss"] <= min(row["val_loss"] for row in history)
        if is_best:
            progress.best_epoch = progress.epoch + 1
            if self.settings["patience"]:
                progress.best_weights = self.network.get_weights()

    def _has_stalled(self):
        patience = self.settings["patience"]
        return patience > 0 and self.progress.epoch - self.progress.best_epoch >= patience

    def finish(self, stopped):
        """Put the best weights back when patience was asked for, and judge the network."""
        progress, history = self.progress, self.progress.history
        kept = history[-1]
        if progress.best_weights:
            self.network.set_weights(progress.best_weights)
            kept = history[progress.best_epoch - 1]
        features, _ = self._probe(None)
        warnings = health.warnings_about(features, kept["val_loss"], self.constant_loss)
        for warning in warnings:
            logger.warning("%s: %s.", self.name, warning)
        return TrainingReport(
            network=self.name,
            parameters=self.network.count_params(),
            effective_dimension=health.effective_dimension(features),
            units=features.shape[1],
            dead_units=health.dead_units(features),
            final_loss=history[-1]["loss"],
            final_val_loss=kept["val_loss"],
            constant_loss=self.constant_loss,
            epochs=progress.epoch,
            images=self.images.n_training,
            held_out_images=len(self.images.held_out),
            seconds=progress.seconds,
            stopped=stopped,
            warnings=warnings,
        )


def _last_encoder_layer(preset, layers):
    number = len(preset["denoiser"]["encoder"])
    return f"encoder_{number}" + ("_pooling" if layers == "plain" else "")


def _check_images(images, preset, network, n_features):
    size = preset["image_size"]
    if images.shape[1:] != (size, size):
        raise ConfigError(
            f"{network}: received images of {images.shape[1:]} px, expected image_size = {size} "
            "from the preset. Prepare the stacks with the same preset."
        )
    if (network == "autoencoder") != (n_features is not None):
        raise ConfigError(
            f"{network}: received n_features = {n_features}, expected a number for the "
            "autoencoder and None for the denoiser."
        )


def _write(training, report, weights, history, report_path):
    for path in (weights, history, report_path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    training.network.save_weights(weights)
    write_history(history, training.progress.history)
    report.write(report_path)
    logger.info(
        "%s: %d epochs in %s (%s), held-out loss %.5f (constant image %.5f), %d of %d units dead",
        training.name,
        report.epochs,
        duration(report.seconds),
        report.stopped,
        report.final_val_loss,
        report.constant_loss,
        report.dead_units,
        report.units,
    )
