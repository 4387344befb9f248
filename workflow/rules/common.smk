"""Start-up, wildcards, memory and time: what every rule file uses.

NEEDS: config.yaml
MAKES: nothing; every rule stands in another file. What an experiment chooses and where its files
       are is decided in scripts/lensflow/experiment.
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
from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.embed.encoders import FITTED
from lensflow.errors import ConfigError, LabelError
from lensflow.experiment import RUN_PATTERN as RUN
from lensflow.experiment import OWN_SAMPLES, Project
from lensflow.prepare.scaling import SCALES
from lensflow.samples.runs import Run
from lensflow.workflow.code_hash import page_hash, stage_hash
from lensflow.workflow.config import complete, effective
from lensflow.workflow.execution import check_accounting, check_executor, check_profile
from lensflow.workflow.console import attach
from lensflow.workflow.outcome import outcome
from lensflow.workflow.requests import megabytes, minutes, training_minutes
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
except ConfigError as error:
    raise WorkflowError(str(error)) from None


# Not in the Snakefile: Snakemake takes no note of a key that stands twice, so the file comes first.
configfile: "config.yaml"


try:
    config = complete(config)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

PROJECT = Project(config)
# What is wrong with the files of people. An input function alone stops no run: where the file that its
# rule makes is there from an earlier run, Snakemake takes that one.
PROBLEMS = []
CONSOLE = attach(
    logger, workflow, os.environ, lambda: [*PROBLEMS[:1], *outcome(PROJECT)]
)
# The tables of cluster labels that a rule makes; the others come from outside.
RULE_MADE = [j.name for j in JUDGEMENTS.values() if j.judge]
# The judgements that a student can learn from.
PROBABLE = [j.name for j in JUDGEMENTS.values() if j.gives_probabilities]


wildcard_constraints:
    dataset="|".join(PROJECT.datasets),
    experiment="|".join(PROJECT.experiments),
    scale="|".join(SCALES),
    features=r"\d+",
    run=r"\d+",
    shard=r"\d+",
    sample="|".join([*OWN_SAMPLES, *PROJECT.datasets]),
    part="|".join(OWN_SAMPLES),
    judgement="|".join(RULE_MADE),


def experiment(wildcards):
    """Return the experiment that the wildcards name."""
    return PROJECT.experiments[wildcards.experiment]


def dataset(wildcards):
    """Return the dataset that the wildcards name."""
    return PROJECT.datasets[wildcards.dataset]


def local_folder(wildcards, input):
    """Return where the files of a dataset are on this machine, wherever they are kept."""
    first = str(input.sources[0])
    return os.path.dirname(first) if dataset(wildcards).is_simulated else first


def run(wildcards):
    """Return the run that the wildcards name."""
    return Run(wildcards.scale, int(wildcards.features), int(wildcards.run))


def of_experiment(function):
    """Return a function of wildcards from one of (experiment, **other wildcards)."""

    def values(wildcards):
        others = {
            name: value for name, value in wildcards.items() if name != "experiment"
        }
        return function(experiment(wildcards), **others)

    return values


def checked(look, *chosen):
    """Return the files of people that a look at them lets through; what it refuses stops the run."""
    try:
        return look(*chosen)
    except LabelError as error:
        PROBLEMS.append(str(error))
        raise


def encoder_hash(script, wildcards):
    """Return the code hash of a stage with the module of the experiment's encoder."""
    return stage_hash(script, experiment(wildcards).encoder.module)


onstart:
    try:
        executor = workflow.executor_plugin.name
        check_executor(executor, sys.argv, os.environ, workflow.global_resources)
        if executor == "slurm":
            check_accounting(workflow.executor_settings.status_command)
    except ConfigError as error:
        raise WorkflowError(str(error)) from None
    if PROBLEMS:
        raise WorkflowError(PROBLEMS[0])
