"""The epochs of one training, each made of steps that a backup can be taken between."""

import logging
import math
import time
from collections.abc import Mapping

import keras
import numpy as np

from lensflow.errors import ConfigError
from lensflow.networks import runtime
from lensflow.networks.build import BuiltNetwork
from lensflow.networks.inference import predict
from lensflow.train import feeding, health
from lensflow.train.backup import Backup, Progress
from lensflow.train.data import TrainingImages, epoch_draws, epoch_order
from lensflow.train.history import TrainingReport
from lensflow.train.model import TrainingModel
from lensflow.train.optimizer import make_optimizer
from lensflow.train.stops import StopRequest
from lensflow.train.watch import Watch

logger = logging.getLogger(__name__)

CHECKED_IMAGES = 256


class Training:
    """The state of one training; its methods are the parts of an epoch.

    Parameters
    ----------
    network : BuiltNetwork
        With its initial weights.
    settings : mapping
        What the preset says under ``training`` for this network.
    images : TrainingImages
        What it is trained on, and what is held out.
    seed : int
        Seed of the order and of the augmentation.
    """

    def __init__(
        self,
        network: BuiltNetwork,
        settings: Mapping,
        images: TrainingImages,
        seed: int,
    ):
        self.name = network.name
        self.built = network
        self.network = network.model
        self.settings = settings
        self.images = images
        self.seed = seed
        self.progress = Progress()
        outputs = [network.bottleneck, network.model.output]
        self.probe = keras.Model(network.model.input, outputs)
        self.constant_loss = network.loss.constant(images.held_out_parts[network.loss.met])
        self.n_steps = -(-images.n_training // settings["batch_size"])

    def compile(self, data_on: str, xla: str) -> None:
        """Put the images where they belong and have Keras compile the step."""
        if data_on not in ("host", "device"):
            raise ConfigError(f"data_on: received {data_on!r}, expected 'host' or 'device'.")
        on_device = data_on == "device"
        steps_together = (
            feeding.steps_together(self.images.n_training, self.settings["batch_size"])
            if on_device
            else 1
        )
        self.model = TrainingModel(self.built, self.images.parts if on_device else None)
        self.optimizer = make_optimizer(self.settings, self.n_steps * self.settings["epochs"])
        self.optimizer.build(self.network.trainable_variables)
        self.model.compile(
            optimizer=self.optimizer,
            jit_compile=runtime.jit_compile(xla),
            steps_per_execution=steps_together,
        )

    @property
    def variables(self) -> list[keras.Variable]:
        """All numbers that a step changes."""
        return [
            *self.network.variables,
            *self.optimizer.variables,
            *self.model.metrics_variables,
        ]

    def run(self, backup: Backup, stop: StopRequest, backup_every: float) -> str:
        """Train the epochs that are left; return why it ended: ``epochs`` or ``stalled``."""
        watch = Watch(self, backup, stop, backup_every)
        while self.progress.epoch < self.settings["epochs"]:
            self._train_epoch(watch)
            self._close_epoch(watch)
            if self._has_stalled():
                return "stalled"
            watch.between_epochs()
        return "epochs"

    def _train_epoch(self, watch: Watch) -> None:
        """Train what is left of an epoch; every return of `fit` is a moment for a backup."""
        progress = self.progress
        n_images, *kept = self.images.n_training, *self.images.images.shape[1:]
        rows = epoch_order(n_images, self.seed, progress.epoch)
        drawn = epoch_draws(
            self.built.examples, (n_images, *kept), self.seed, progress.epoch, self.settings
        )
        while progress.step < self.n_steps:
            self.model.keeps_metrics = progress.step > 0
            done = progress.step * self.settings["batch_size"]
            watch.begin()
            self.model.fit(
                **self._batches(rows[done:], {name: drawn[name][done:] for name in drawn}),
                epochs=1,
                shuffle=False,
                verbose=0,
                callbacks=[watch],
            )
            self.model.keeps_metrics = False
            watch.between_steps()

    def _batches(self, rows: np.ndarray, drawn: Mapping[str, np.ndarray]) -> dict:
        size = self.settings["batch_size"]
        if self.model.resident is None:
            return feeding.one_by_one(feeding.Batches(self.images.parts, rows, drawn, size))
        return feeding.in_order({"rows": rows, **drawn}, size)

    def _close_epoch(self, watch: Watch) -> None:
        """Measure the held-out loss and add the epoch to the history."""
        progress, begin = self.progress, time.monotonic()
        where = f"{self.name}, epoch {progress.epoch + 1}"
        loss = self.mean_loss()
        health.check_loss(loss, where)
        val_loss = self._held_out_loss()
        health.check_loss(val_loss, f"{where}, held-out images")
        health.check_alive(*self._probe(CHECKED_IMAGES), where)
        progress.seconds += time.monotonic() - begin
        progress.seconds_by_epoch.append(progress.seconds)
        progress.history.append(
            {
                "epoch": progress.epoch + 1,
                "step": (progress.epoch + 1) * self.n_steps,
                "loss": loss,
                "val_loss": val_loss,
                "constant_loss": self.constant_loss,
                "learning_rate": float(self.optimizer.learning_rate),
            }
        )
        self._keep_best()
        progress.epoch, progress.step = progress.epoch + 1, 0
        watch.report()

    def mean_loss(self) -> float:
        """Return the mean loss over the steps done of this epoch."""
        return float(self.model.metrics[0].result())

    def _held_out_loss(self) -> float:
        images = self.images
        rows = np.arange(images.n_training, len(images.images), dtype="int32")
        batches = self._batches(rows, self.built.examples.fixed(images.held_out.shape))
        return float(self.model.evaluate(**batches, verbose=0, return_dict=True)["loss"])

    def _probe(self, n_images: int | None) -> tuple[np.ndarray, np.ndarray]:
        """Return bottleneck (n, d) and output of the first held-out images."""
        held_out, examples = self.images.held_out[:n_images], self.built.examples
        seen = examples.look({"images": held_out, **examples.fixed(held_out.shape)})
        seen = keras.ops.convert_to_numpy(seen)
        features, outputs = predict(self.probe, seen, self.settings["batch_size"])
        return features.reshape(-1, features.shape[-1]).astype("float32"), outputs

    def _keep_best(self) -> None:
        """Remember the weights of the best epoch, when patience says that they are returned."""
        progress = self.progress
        *before, last = (row["val_loss"] for row in progress.history)
        if last < min(before, default=math.inf):
            progress.best_epoch = progress.epoch + 1
            if self.settings["patience"]:
                progress.best_weights = self.network.get_weights()

    def _has_stalled(self) -> bool:
        patience = self.settings["patience"]
        return patience > 0 and self.progress.epoch - self.progress.best_epoch >= patience

    def finish(self, stopped: str) -> TrainingReport:
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
            parameters=sum(math.prod(weight.shape) for weight in self.network.trainable_weights),
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
            seconds_by_epoch=tuple(progress.seconds_by_epoch),
            stopped=stopped,
            warnings=warnings,
        )
