"""The limit of job starts that Snakemake has by itself, and which jobs come first."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from lensflow.workflow.scheduling import (
    DEFAULT_LIMIT,
    LONG,
    WAITED_FOR,
    lift_rate_limit,
    simulation_priority,
    training_priority,
)

types = pytest.importorskip("snakemake.settings.types")
job_scheduler = pytest.importorskip("snakemake.scheduling.job_scheduler")


def scheduler(limit):
    """Return a scheduler with Snakemake's own limiter, of a text such as 100/1s."""
    parsed = types.MaxJobsPerTimespan.parse_choice(limit)
    return SimpleNamespace(job_rate_limiter=job_scheduler.JobRateLimiter(parsed))


def test_the_default_limit_is_that_of_snakemake_and_is_lifted():
    cli = pytest.importorskip("snakemake.cli")
    limit = cli.get_argument_parser().parse_args([]).max_jobs_per_timespan
    assert (limit.max_jobs, limit.timespan) == DEFAULT_LIMIT
    free = scheduler("100/1s")
    lift_rate_limit(free)
    assert free.job_rate_limiter is None


@pytest.mark.parametrize("limit", ["10/1s", "100/1m"])
def test_a_limit_that_somebody_chose_is_kept(limit):
    chosen = scheduler(limit)
    kept = chosen.job_rate_limiter
    lift_rate_limit(chosen)
    assert chosen.job_rate_limiter is kept


def test_where_there_is_none_there_is_none_to_lift():
    free = SimpleNamespace(job_rate_limiter=None)
    lift_rate_limit(free)
    assert free.job_rate_limiter is None


def test_what_is_trained_on_is_simulated_before_what_models_are_applied_to():
    experiments = [SimpleNamespace(dataset=SimpleNamespace(name=name)) for name in ("a", "b")]
    found = [simulation_priority(name, experiments) for name in ("a", "b", "applied_to")]
    assert found == [WAITED_FOR, WAITED_FOR, 0]
    assert WAITED_FOR > LONG > 0


def test_the_run_that_figures_are_made_of_is_trained_before_the_others():
    experiment = SimpleNamespace(headline_runs=[("log", 24, 0), ("log", 24, 1)])
    runs = [("log", 24, 0), ("log", 24, 1), ("linear", 24, 0)]
    priorities = [training_priority(experiment, run) for run in runs]
    assert priorities == [WAITED_FOR + 1, WAITED_FOR, WAITED_FOR]


def test_every_training_of_a_network_comes_first():
    rules = (Path(__file__).parents[3] / "workflow/rules/train.smk").read_text()
    trainings = re.findall(r"(?ms)^rule (train_\w+):(.*?)^    script:", rules)
    assert len(trainings) == 4
    priority = re.compile(
        r"priority:\s+(scheduling.WAITED_FOR|lambda \w+: scheduling.training_prior)"
    )
    assert [name for name, text in trainings if not priority.search(text)] == []
