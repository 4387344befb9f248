"""What happens between two training steps: progress lines, backups, and stopping in time."""

import logging
import time
from collections.abc import Mapping
from typing import Protocol

import keras

from lensflow.train import health
from lensflow.train.backup import Backup, Progress
from lensflow.train.data import TrainingImages
from lensflow.train.history import duration
from lensflow.train.stops import StopRequest, TrainingInterrupted

logger = logging.getLogger(__name__)

PROGRESS_EVERY_S = 10.0


class Watched(Protocol):
    """What a watch sees of a training."""

    name: str
    network: keras.Model
    settings: Mapping
    images: TrainingImages
    progress: Progress
    n_steps: int

    @property
    def variables(self) -> list[keras.Variable]:
        """All numbers that a step changes."""

    def mean_loss(self) -> float:
        """Return the mean loss of the epoch so far."""


class Watch(keras.callbacks.Callback):
    """Looks at the clock between two steps: progress lines, backups, and stopping.

    A step is undisturbed unless something is due. Then `fit` is asked to return, which brings
    the variables up to date on every backend, and goes on from the next step afterwards.

    Parameters
    ----------
    training : Watched
        What is trained, with its ``progress``.
    backup : lensflow.train.backup.Backup
        Where backups go.
    stop : lensflow.train.stops.StopRequest
        Says when to leave.
    backup_every : float
        Seconds between two backups.
    """

    def __init__(self, training: Watched, backup: Backup, stop: StopRequest, backup_every: float):
        super().__init__()
        self.training = training
        self.backup = backup
        self.stop = stop
        self.backup_every = backup_every
        self.last_backup = self.last_report = time.monotonic()
        self.longest_step = 0.0

    def begin(self) -> None:
        """Note the time and the step at which `fit` is called."""
        self.started = self.last_step = time.monotonic()
        self.first_step = self.training.progress.step
        self.seconds_before = self.training.progress.seconds

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Count the step, and end `fit` when a backup or the end is due."""
        now, progress = time.monotonic(), self.training.progress
        # Keras counts as if the last of joined steps were as many as ever.
        progress.step = min(self.first_step + batch + 1, self.training.n_steps)
        progress.seconds = self.seconds_before + now - self.started
        # The first step compiles. What is compiled later, for fewer joined steps than ever or a
        # smaller batch, counts: a deadline is then met too early, not too late.
        if self.last_step > self.started:
            self.longest_step = max(self.longest_step, now - self.last_step)
        self.last_step = now
        if now - self.last_report >= PROGRESS_EVERY_S:
            health.check_loss(float(logs["loss"]), f"{self.training.name}, {self._position()}")
            self.report(float(logs["loss"]))
        if self._is_backup_due() or self.stop.reason(self.longest_step):
            self.model.stop_training = True

    def between_steps(self) -> None:
        """Save, and leave, when that is due; called with up-to-date variables."""
        reason = self.stop.reason(self.longest_step)
        if not reason and not self._is_backup_due():
            return
        training = self.training
        where = f"{training.name}, {self._position()}"
        health.check_loss(training.mean_loss(), where)
        # The loss is that before the last update.
        health.check_weights(training.network.get_weights(), where)
        self.backup.save(training.progress, training.variables)
        self.last_backup = time.monotonic()
        if reason:
            self._leave(reason)

    def between_epochs(self) -> None:
        """Save, and leave, when that is due and another epoch is to come."""
        if self.training.progress.epoch < self.training.settings["epochs"]:
            self.between_steps()

    def report(self, loss: float | None = None) -> None:
        """Write where the training stands to the log."""
        training, now = self.training, time.monotonic()
        history = training.progress.history
        self.last_report = now
        loss = history[-1]["loss"] if loss is None else loss
        val_loss = f"{history[-1]['val_loss']:.5f}" if history else "-"
        speed = training.images.n_training / training.n_steps / self._seconds_a_step()
        logger.info(
            "%s, %s: loss %.5f, val_loss %s, %.1f images/s, %s left",
            training.name,
            self._position(),
            loss,
            val_loss,
            speed,
            duration(self._steps_left() * self._seconds_a_step()),
            extra={"is_progress": True},
        )

    def _is_backup_due(self) -> bool:
        return time.monotonic() - self.last_backup >= self.backup_every

    def _position(self) -> str:
        progress, training = self.training.progress, self.training
        return (
            f"epoch {progress.epoch + (progress.step > 0)}/{training.settings['epochs']}, "
            f"step {progress.step or training.n_steps}/{training.n_steps}"
        )

    def _steps_left(self) -> int:
        progress, training = self.training.progress, self.training
        done = progress.epoch * training.n_steps + progress.step
        return training.settings["epochs"] * training.n_steps - done

    def _seconds_a_step(self) -> float:
        """Return the mean over all steps, with what lies between them."""
        progress = self.training.progress
        done = progress.epoch * self.training.n_steps + progress.step
        return max(progress.seconds, 1e-9) / max(done, 1)

    def _leave(self, reason: str) -> None:
        message = (
            f"{self.training.name} stopped at {self._position()} because of {reason}. "
            f"{self.backup.path} holds its state: run the same command again to go on."
        )
        logger.error(message)
        raise TrainingInterrupted(message)
