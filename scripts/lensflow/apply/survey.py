"""What a survey costs before it is begun: jobs, hours and disk, from measured throughputs.

The numbers of bytes are those of this workflow's own files; the rest is counted from its rules.
"""

import dataclasses
import math

from lensflow.errors import ConfigError

# float32 flux of 101 x 101 px, with the row's share of ids, catalogue and index.
BYTES_IMAGE = 42_000
# Embedding and score row beside 4 bytes a feature: id, rotation, label, catalogue columns; the
# row of scores is written twice for a while, in its shard and in the collected table.
BYTES_EMBEDDING = 48
# With an identifier of twelve digits, and all that one judgement says: its probability, the ends of
# its interval, the part of the clusters, the log-odds.
BYTES_SCORES = 130
# Snakemake's own cost of a job in its graph, from dry runs of 7,000 and 28,000 jobs.
GRAPH_BYTES_A_JOB = 23_000
GRAPH_SECONDS_A_JOB = 0.005


@dataclasses.dataclass(frozen=True)
class Rates:
    """Measured throughputs.

    Attributes
    ----------
    ingest : float
        Cutouts per second that one core reads, checks and stores.
    embed : float
        Cutouts per second that one GPU denoises and embeds.
    score : float
        Cutouts per second that one core scores and collects.
    job_start_s : float
        Seconds from a job's start to its first cutout.
    """

    ingest: float
    embed: float
    score: float
    job_start_s: float = 30.0


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stage's share: its jobs, its hours on a core or a GPU, and what it leaves on disk."""

    name: str
    jobs: int
    hours: float
    on_gpu: bool
    gigabytes: float


def plan(n_images: int, n_shards: int, n_models: int, n_features: int, rates: Rates) -> list[Stage]:
    """Return what applying trained models to a survey takes, stage by stage.

    Parameters
    ----------
    n_images : int
        Cutouts of the survey.
    n_shards : int
        Parts that they are worked on in; a job each.
    n_models : int
        Models that are applied: scales x numbers of features x runs.
    n_features : int
        Features of each model.
    rates : Rates
        Measured throughputs.

    Raises
    ------
    lensflow.errors.ConfigError
        For a number that is not positive.
    """
    _check_positive(n_images=n_images, n_shards=n_shards, n_models=n_models)
    _check_positive(n_features=n_features, **dataclasses.asdict(rates))
    start = rates.job_start_s

    def stage(name, rate, repeated=1, bytes_each=0, on_gpu=False):
        jobs, images = n_shards * repeated, n_images * repeated
        hours = (images / rate + jobs * start) / 3600
        return Stage(name, jobs, hours, on_gpu, images * bytes_each / 1e9)

    embedding = 4 * n_features + BYTES_EMBEDDING
    return [
        stage("ingest", rates.ingest, bytes_each=BYTES_IMAGE),
        # Kept by shard and collected.
        stage("denoise and embed", rates.embed, n_models, 2 * embedding, on_gpu=True),
        stage("score and collect", rates.score, n_models, 2 * BYTES_SCORES),
    ]


def _check_positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not (number > 0 and math.isfinite(number)):
            raise ConfigError(f"{name} is {number!r}; expected a positive number")


def graph_cost(stages: list[Stage]) -> tuple[float, float]:
    """Return the seconds and gigabytes that Snakemake's graph of all these jobs takes."""
    jobs = sum(stage.jobs for stage in stages)
    return jobs * GRAPH_SECONDS_A_JOB, jobs * GRAPH_BYTES_A_JOB / 1e9


def table(stages: list[Stage]) -> str:
    """Return the plan as a Markdown table, with its sums and the cost of the graph."""
    lines = ["| stage | jobs | core hours | GPU hours | disk, GB |", "|---|---|---|---|---|"]
    for stage in stages:
        core, gpu = (0.0, stage.hours) if stage.on_gpu else (stage.hours, 0.0)
        lines.append(_line(stage.name, stage.jobs, core, gpu, stage.gigabytes))
    core = sum(stage.hours for stage in stages if not stage.on_gpu)
    gpu = sum(stage.hours for stage in stages if stage.on_gpu)
    disk = sum(stage.gigabytes for stage in stages)
    lines.append(_line("all", sum(stage.jobs for stage in stages), core, gpu, disk))
    seconds, gigabytes = graph_cost(stages)
    lines.append(f"\nSnakemake's graph of these jobs: {seconds:,.0f} s and {gigabytes:.1f} GB.")
    return "\n".join(lines)


def _line(name: str, jobs: int, core: float, gpu: float, disk: float) -> str:
    return f"| {name} | {jobs:,} | {core:,.1f} | {gpu:,.1f} | {disk:,.1f} |"
