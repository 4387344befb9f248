"""Reasons to stop training before its end: a deadline, a signal."""

import os
import signal
import threading
import time
from types import FrameType
from typing import Self

# The clock of deadlines. The package is imported by the first lines of a script.
PROCESS_START = time.monotonic()
MARGIN = 0.1
LONGEST_MARGIN_S = 180.0


class TrainingInterrupted(SystemExit):
    """Training was stopped from outside; a backup was written and the same job will go on.

    It ends the process with status 75 (EX_TEMPFAIL), so that Snakemake sees a failed job and a
    retry or the next run resumes it.
    """

    def __init__(self, message: str):
        super().__init__(75)
        self.message = message

    def __str__(self) -> str:
        return self.message


class StopRequest:
    """Context that turns SIGTERM and the deadline into a question asked between two steps.

    Parameters
    ----------
    deadline : float or None
        Seconds of wall time after the start of the process at which it must have stopped.
    """

    def __init__(self, deadline: float | None):
        self.deadline = deadline
        self.signalled = False
        self._previous = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGTERM, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGTERM, self._previous)

    def reason(self, next_step_s: float = 0.0) -> str:
        """Return why training must stop now, or an empty string.

        Parameters
        ----------
        next_step_s : float
            Seconds that the next step is expected to take: it must end before the deadline.
        """
        if self.signalled:
            return "the signal SIGTERM"
        elapsed = time.monotonic() - PROCESS_START
        if self.deadline is not None and elapsed + next_step_s >= self.deadline:
            return f"the deadline of {self.deadline:.0f} s of run time"
        return ""

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.signalled = True


def job_deadline(runtime: int | None) -> float | None:
    """Return the deadline that follows from the run time a rule asked its scheduler for.

    Part of it is left for the start of the job before this process, and for the last backup: a
    tenth, but at most three minutes.

    Parameters
    ----------
    runtime : int or None
        The rule's resource ``runtime`` in minutes.

    Returns
    -------
    float or None
        Seconds; None outside a SLURM job, where nothing enforces the run time.
    """
    if runtime is None or "SLURM_JOB_ID" not in os.environ:
        return None
    limit = 60.0 * runtime
    return limit - min(MARGIN * limit, LONGEST_MARGIN_S)
