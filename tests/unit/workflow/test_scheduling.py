"""The limit of job starts that Snakemake has by itself."""

from types import SimpleNamespace

import pytest

from lensflow.workflow.scheduling import DEFAULT_LIMIT, lift_rate_limit

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
