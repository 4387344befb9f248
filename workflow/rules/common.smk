"""Start-up, wildcards, memory and time: what every rule file uses.

NEEDS: config.yaml
MAKES: nothing. What an experiment chooses and where its files are: scripts/lensflow/experiment.
"""

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

# Not `workflow.basedir`: where another workflow takes this one as a module, that is its own folder.
LIBRARY = Path(str(workflow.current_basedir)).parents[1] / "scripts"
sys.path.insert(0, str(LIBRARY))

import lensflow
from lensflow.cluster.judgements import PROBABLE, RULE_MADE
from lensflow.embed.encoders import FITTED
from lensflow.errors import LensflowError
from lensflow.experiment import OWN_SAMPLES, RUN_PATTERN as RUN, Project
from lensflow.prepare.scaling import SCALES
from lensflow.samples.runs import Run
from lensflow.workflow import scheduling
from lensflow.workflow.code_hash import page_hash, stage_hash
from lensflow.workflow.config import complete, effective
from lensflow.workflow.execution import check_execution, check_profile
from lensflow.workflow.console import attach
from lensflow.workflow.guidance import Refusals
from lensflow.workflow.outcome import outcome
from lensflow.workflow.requests import GPU_ENVIRONMENTS
from lensflow.workflow.requests import megabytes, minutes, training_minutes
from lensflow.workflow.sharding import choose_shards, keep_shards
from lensflow.workflow.yaml_files import check_yaml_files

if Path(lensflow.__file__).parents[1] != LIBRARY:
    raise WorkflowError(
        f"Another package called lensflow hides the workflow's own: {lensflow.__file__}. "
        "Remove it from PYTHONPATH or uninstall it."
    )

try:
    # With --directory, Snakemake has left the folder it was started in; the shell knows it.
    started_in = os.environ.get("PWD") if workflow.overwrite_workdir else None
    check_profile(sys.argv, Path(started_in or Path.cwd()), Path(workflow.basedir))
    check_yaml_files(["config.yaml", *workflow.configfiles])
except LensflowError as error:
    raise WorkflowError(str(error)) from None


# Not in the Snakefile: Snakemake takes no note of a key that stands twice, so the file comes first.
configfile: "config.yaml"


try:
    config = complete(config)
    SHARDS = choose_shards(config, is_job=not workflow.is_main_process)
except LensflowError as error:
    raise WorkflowError(str(error)) from None

GPU_ENVIRONMENT = GPU_ENVIRONMENTS[config["backend"]]  # for --sdm conda
PROJECT = Project(config)
REFUSALS = Refusals()
CONSOLE = attach(
    logger, workflow, os.environ, lambda: [*REFUSALS.said[:1], *outcome(PROJECT)]
)


wildcard_constraints:
    dataset="|".join(PROJECT.datasets),
    experiment="|".join(PROJECT.experiments),
    scale="|".join(SCALES),
    features=r"\d+",
    run=r"\d+",
    shard=r"\d+",
    sample="|".join(PROJECT.samples),
    part="|".join(OWN_SAMPLES),
    judgement="|".join(RULE_MADE),


def experiment(wildcards):
    """Return the experiment that the wildcards name."""
    return PROJECT.experiments[wildcards.experiment]


def dataset(wildcards):
    """Return the dataset that the wildcards name."""
    return PROJECT.datasets[wildcards.dataset]


def run(wildcards):
    """Return the run that the wildcards name."""
    return Run(wildcards.scale, int(wildcards.features), int(wildcards.run))


def of_experiment(function):
    """Return a function of wildcards from one of (experiment, **other wildcards)."""

    def values(wildcards):
        others = {key: value for key, value in wildcards.items() if key != "experiment"}
        return function(experiment(wildcards), **others)

    return values


def encoder_hash(script, wildcards):
    """Return the code hash of a stage with the module of the experiment's encoder."""
    return stage_hash(script, experiment(wildcards).encoder.module)


onstart:
    try:
        check_execution(workflow, sys.argv, os.environ)
        scheduling.lift_rate_limit(workflow.scheduler)
        REFUSALS.stop()
        keep_shards(SHARDS, logger.info)
    except LensflowError as error:
        raise WorkflowError(str(error)) from None
