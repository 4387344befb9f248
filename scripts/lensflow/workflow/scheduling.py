"""Which of the jobs that can start does, and how often Snakemake looks for one."""

from collections.abc import Iterable
from typing import Any

from lensflow.experiment import Experiment
from lensflow.samples.runs import Run

WAITED_FOR = 2
"""Priority of a job that most others wait for: a training, or the simulation of its sample."""
LONG = 1
"""Priority of a long job near the end: short ones fit beside it, and the report comes after it."""
DEFAULT_LIMIT = (100, 1)
"""Jobs that Snakemake starts at most in so many seconds, where nobody says otherwise."""


def lift_rate_limit(scheduler: Any) -> None:
    """Take Snakemake's default limit of job starts away; one that somebody chose stays.

    No workflow starts a hundred jobs a second, but its bookkeeping costs much: while jobs wait for
    a free core, the scheduler plans to look again after the span of the limit, anew at the end of
    every job, and every look plans the next. After n jobs it looks n times a second, and evaluates
    all waiting jobs each time (seen with Snakemake 9.27: a third of a core after 350 jobs).

    Parameters
    ----------
    scheduler : snakemake.scheduling.job_scheduler.JobScheduler
        That of the workflow, before it has chosen a job.
    """
    limiter = scheduler.job_rate_limiter
    if limiter is not None and (limiter.max_jobs, limiter.timespan) == DEFAULT_LIMIT:
        scheduler.job_rate_limiter = None


def simulation_priority(dataset: str, experiments: Iterable[Experiment]) -> int:
    """Return the priority of simulating a dataset.

    Parameters
    ----------
    dataset : str
        Its name.
    experiments : iterable of Experiment
        Those that are built.
    """
    trained_on = {experiment.dataset.name for experiment in experiments}
    return WAITED_FOR if dataset in trained_on else 0


def training_priority(experiment: Experiment, run: Run) -> int:
    """Return the priority of training a network of one run.

    Figures and pages are made of the first run of the headline model: while the others are trained.
    """
    return WAITED_FOR + (run == experiment.headline_runs[0])
