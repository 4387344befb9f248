"""What a run prints: a line for each finished stage, and what went wrong at its end.

Snakemake tells of everything that happens by records of its logger, with an ``event``. This handler
stands in the place of its own on the terminal; the whole story is in ``.snakemake/log``, and on the
terminal too with ``VERBOSE=1``.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lensflow.train.history import duration
from lensflow.workflow.logs import found, is_verbose, reason, stage_name

SNAKEMAKES_OWN = "DefaultStreamHandler"
"""The name of Snakemake's own handler on the terminal."""

NOTHING_TO_DO = "Nothing to be done"

# What Snakemake says without an event and nobody waits for.
NOISE = (
    "Assuming unrestricted shared filesystem",
    "Building DAG of jobs",
    "Complete log",
    "Conda environments: ignored",
    "Elapsed time",
    "Execute ",
    "Exiting because a job execution failed",
    "Group jobs: inactive",
    "Removing temporary output",
    "Select jobs to execute",
    "Shutting down, this might take some time",
    "Singularity containers: ignored",
    "Updating checkpoint dependencies",
    "Using shell",
    "WorkflowError:\nAt least one job did not complete successfully",
)
# What a signal makes every process of a run say; once is enough.
SAID_ONCE = "Will exit after finishing currently running jobs"
KEYBOARD = "Terminating processes on user request"
INTERRUPTED = "Interrupted. What is finished stays; say the same again to go on."
# How an error ends that a check before the first job has raised.
AT_START = "in __onstart"
# What Snakemake puts behind the name of a file that is kept elsewhere.
STORED = " (send to storage)"
# An exception that is told by the line of the failed job.
TOLD = frozenset(["RuleException", "CalledProcessError", "SpawnedJobError"])


@dataclass
class Job:
    """A job as the console knows it.

    Attributes
    ----------
    name : str
        The path of its log, which names the experiment and the stage.
    log : str or None
        Its log file.
    output : str
        The first file that it makes.
    started : float
        When, in seconds of a steady clock.
    """

    name: str
    log: str | None
    output: str = ""
    started: float = field(default_factory=time.monotonic)

    @property
    def reason(self) -> str:
        """The last error of its log, and where the rest stands; further lines are set in."""
        if self.log is None:
            return "no log"
        text = reason(self.log).replace("\n", "\n    ")
        return f"{text or 'no error in its log'} ({self.log})"


class Console(logging.StreamHandler):
    """Print a line for each job that has finished or failed, and nothing else of it.

    Parameters
    ----------
    stream : file or None
        Where to; None for the standard error.
    is_quiet : bool
        Whether to print nothing and only remember what failed: Snakemake's own handler speaks.
    is_job : bool
        Whether this process is one job of a run, whose main process tells how it ended.
    at_rest : callable, optional
        Returns the lines to print when there is nothing to do.
    """

    def __init__(
        self,
        stream=None,
        is_quiet: bool = False,
        is_job: bool = False,
        at_rest: Callable[[], Iterable[str]] = tuple,
    ):
        super().__init__(stream)
        self.is_quiet, self.is_job, self.at_rest = is_quiet, is_job, at_rest
        self.jobs: dict[int, Job] = {}
        self.failed: dict[int, Job] = {}
        self.finished: list[Job] = []
        self.is_stopped = self.is_interrupted = False
        self.events = {
            "job_info": self._begin,
            "job_finished": self._finish,
            "job_error": self._fail,
            "group_error": self._fail_group,
            "progress": self._advance,
            "run_info": self._plan,
            "error": self._exception,
            None: self._message,
        }

    def emit(self, record: logging.LogRecord) -> None:
        """Print what a record has to say, if anything."""
        try:
            tell = self.events.get(getattr(record, "event", None))
            lines = tell(record) if tell else ()
            if not self.is_quiet:
                self.stream.writelines(f"{line}\n" for line in lines)
                self.flush()
        except Exception:
            self.handleError(record)

    def failures(self) -> list[str]:
        """Return a line for each job that failed for good: its name, its reason, its log."""
        lines = [f"  {job.name}: {job.reason}" for job in self.failed.values()]
        return [f"{len(lines)} failed:", *lines] if lines else []

    # --- what each event means ----------------------------------------------------------------

    def _plan(self, record) -> list[str]:
        return [f"{record.stats['total']} jobs to do"]

    def _begin(self, record) -> tuple:
        log, output = _first(record.log), _first(record.output) or ""
        self.jobs[record.jobid] = Job(stage_name(log) if log else record.rule_name, log, output)
        return ()

    def _finish(self, record) -> tuple:
        self.failed.pop(record.job_id, None)
        if job := self.jobs.get(record.job_id):
            self.finished.append(job)
        return ()

    def _advance(self, record) -> list[str]:
        """Tell of the jobs that finished since the last one; what has no log is no stage."""
        finished, self.finished = self.finished, []
        place = f"[{record.done:>{len(str(record.total))}}/{record.total}]"
        return [f"{place} {_finding(job)}" for job in finished if job.log]

    def _fail(self, record) -> list[str]:
        if self.is_job or self.is_interrupted:
            return []
        return [self._failed(record.jobid, record.rule_name, record.log)]

    def _fail_group(self, record) -> list[str]:
        return [
            self._failed(job["jobid"], job["rule_name"], job["log"])
            for job in record.job_error_info
        ]

    def _failed(self, jobid: int, rule: str, logs: Iterable[str]) -> str:
        log = _first(logs)
        job = self.jobs.get(jobid) or Job(stage_name(log) if log else rule, log)
        self.failed[jobid] = job
        return f"FAILED {job.name}: {job.reason}"

    def _exception(self, record) -> list[str]:
        if record.exception in TOLD:
            return []
        text = record.getMessage().strip()
        if text.endswith(AT_START):
            # What the workflow itself refuses says all: its place in a rule file says nothing.
            return ["ERROR: " + "\n".join(text.splitlines()[1:-1])]
        return self._message(record)

    def _stop(self, text: str) -> list[str]:
        """Tell once that somebody stops the run; jobs that the keyboard ends have not failed."""
        self.is_interrupted |= text.startswith(KEYBOARD)
        if self.is_job or self.is_stopped:
            return []
        self.is_stopped = True
        return [INTERRUPTED if self.is_interrupted else text]

    def _message(self, record) -> list[str]:
        text = record.getMessage().strip()
        if not text or text == "None" or text.startswith(NOISE):
            return []
        if text.startswith((SAID_ONCE, KEYBOARD)):
            return self._stop(text)
        lines = [text if record.levelno < logging.WARNING else f"{record.levelname}: {text}"]
        if text.startswith(NOTHING_TO_DO):
            lines += self.at_rest()
        return lines


def _first(paths: Iterable[str]) -> str | None:
    """Return the first file of a job as it is called, None for none."""
    return next((path.removesuffix(STORED) for path in map(str, paths)), None)


def _finding(job: Job) -> str:
    """Write what a finished job found, or made, and how long it took."""
    took = duration(time.monotonic() - job.started)
    return f"{job.name}: {found(job.log) or f'made {job.output}'} ({took})"


def attach(
    logger: logging.Logger,
    workflow: Any,
    environment: Mapping[str, str],
    at_rest: Callable[[], Iterable[str]],
) -> Console:
    """Put a console in the place of Snakemake's own handler of the terminal.

    Where there is no such handler, since the user chose another, in a dry run and with
    ``VERBOSE=1``, the console only remembers what failed.

    Parameters
    ----------
    logger : logging.Logger
        Snakemake's.
    workflow : snakemake.workflow.Workflow
        Says whether this process is a run, a dry run or one job.
    environment : mapping of str
        The environment.
    at_rest : callable
        As for `Console`.
    """
    own = next((handler for handler in logger.handlers if handler.name == SNAKEMAKES_OWN), None)
    # Which executor there is, workflow.dryrun, is not known while the Snakefile is read.
    is_plan = workflow.output_settings.dryrun
    is_quiet = own is None or is_plan or workflow.remote_exec or is_verbose(environment)
    console = Console(
        own.stream if own else None,
        is_quiet=is_quiet,
        is_job=workflow.subprocess_exec,
        at_rest=at_rest,
    )
    if not is_quiet:
        logger.removeHandler(own)
    logger.addHandler(console)
    return console
