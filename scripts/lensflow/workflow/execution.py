"""Refuses to run in another way than was asked for: on this machine instead of the cluster.

Snakemake takes the workflow profile ``default`` by itself, ignores one that it does not find, and
then runs everything here; and with a SLURM that keeps no accounts, its status query by `sacct`
fails for ever without a word.
"""

import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from lensflow.errors import ConfigError

OPTION = "--workflow-profile"
# Options by which a user says where jobs run.
PLACE_OPTIONS = (OPTION, "--profile", "--executor", "-e")
VARIABLE = "LENSFLOW_EXECUTOR"
# Executors whose jobs run on this machine, or not at all.
HERE = ("local", "touch", "dryrun")
SACCT = ("sacct", "--noheader", "--allocations", "--starttime", "now")
SACCT_TIMEOUT_S = 60


def check_profile(arguments: Sequence[str], start: Path, home: Path) -> None:
    """Check that the workflow profile named on Snakemake's command line is one that it finds.

    Parameters
    ----------
    arguments : sequence of str
        The command line.
    start : Path
        The folder that Snakemake was started in.
    home : Path
        The folder of the Snakefile.

    Raises
    ------
    ConfigError
        Naming what was asked for, where it was looked for, and the profiles that exist.
    """
    name = _last_value(arguments, OPTION)
    if name is None or name == "none":
        return
    # Where Snakemake looks: not beside the Snakefile, but in the folder `profiles` there.
    folders = dict.fromkeys([start, start / "profiles", home / "profiles"])
    places = [folder / name for folder in folders]
    if any(place.exists() for place in places):
        return
    known = sorted(str(file.parent) for file in home.glob("workflow/profiles/*/profile.yaml"))
    raise ConfigError(
        f"{OPTION} is {name!r}, and there is no {' or '.join(map(str, places))}: Snakemake would "
        f"ignore it and run everything on this machine. Give one of {known}, or `none`."
    )


def _last_value(arguments: Sequence[str], option: str) -> str | None:
    """Return the last value of an option on a command line, or None."""
    value = None
    for number, argument in enumerate(arguments):
        if argument == option and number + 1 < len(arguments):
            value = arguments[number + 1]
        elif argument.startswith(f"{option}="):
            value = argument.removeprefix(f"{option}=")
    return value


def check_execution(
    workflow: Any, arguments: Sequence[str], environment: Mapping[str, str]
) -> None:
    """Check where and how the jobs of a workflow are about to be run.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        When it is about to start.
    arguments, environment
        As for `check_executor`.

    Raises
    ------
    ConfigError
        As `check_executor` and `check_accounting`.
    """
    executor = workflow.executor_plugin.name
    check_executor(executor, arguments, environment, workflow.global_resources)
    check_accounting(executor, workflow.executor_settings)


def check_executor(
    executor: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    limits: Collection[str],
) -> None:
    """Check that jobs run where the user wants them to, before the first one starts.

    Parameters
    ----------
    executor : str
        The name of Snakemake's executor, such as ``local`` or ``slurm``.
    arguments : sequence of str
        The command line.
    environment : mapping of str
        The environment. Its ``LENSFLOW_EXECUTOR``, unless empty, demands an executor.
    limits : collection of str
        The resources that are limited over all jobs at once (``--resources``).

    Raises
    ------
    ConfigError
        When it is another executor than demanded; when a login node of a SLURM cluster would do
        all the work though nobody said so; when a limit made for one machine holds on a cluster.
    """
    wanted = environment.get(VARIABLE)
    if wanted and wanted != executor:
        profile = "default" if wanted == "local" else wanted
        raise ConfigError(
            f"{VARIABLE} asks for the executor {wanted!r}, but Snakemake runs with {executor!r}. "
            f"Name the workflow profile for it, and no other: {OPTION} {profile}."
        )
    if executor == "local" and not wanted:
        _check_login_node(arguments, environment)
    if executor not in HERE:
        _check_limits(executor, limits)


def _check_login_node(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    named = any(_last_value(arguments, option) is not None for option in PLACE_OPTIONS)
    if named or "SLURM_JOB_ID" in environment:
        return
    if shutil.which("sbatch", path=environment.get("PATH")):
        raise ConfigError(
            "This machine submits to SLURM (sbatch is here), and nobody said where to run: all the "
            "work would be done here, perhaps on a login node. To submit it: make slurm, or "
            f"{OPTION} slurm. To do it here: make run, or {VARIABLE}=local."
        )


def _check_limits(executor: str, limits: Collection[str]) -> None:
    if "gpu" in limits:
        raise ConfigError(
            f"The executor is {executor!r}, but `gpu` is limited over all jobs at once, as on one "
            "machine, so GPU jobs would wait for each other. The profile `default`, which "
            f"Snakemake takes by itself, says so: give {OPTION} slurm (or none, beside a profile "
            "of your own), and no --resources gpu=..."
        )


def check_accounting(executor: str, settings: Any) -> None:
    """Check that SLURM answers the status query, before Snakemake waits for its answer for ever.

    Parameters
    ----------
    executor : str
        The name of Snakemake's executor.
    settings
        Its settings; those of ``slurm`` have ``status_command``, which is ``sacct`` or ``squeue``.

    Raises
    ------
    ConfigError
        When the latter is ``sacct`` and that fails here.
    """
    if executor != "slurm" or settings.status_command != "sacct":
        return
    answer = subprocess.run(SACCT, capture_output=True, text=True, timeout=SACCT_TIMEOUT_S)
    if answer.returncode != 0:
        raise ConfigError(
            f"sacct fails here ({answer.stderr.strip() or f'status {answer.returncode}'}), so the "
            "state of jobs cannot be asked with it. Where SLURM has no accounting database, set "
            "slurm-status-command: squeue in workflow/profiles/slurm/profile.yaml."
        )
