"""Refuses to run in another way than was asked for: on this machine instead of the cluster.

Snakemake ignores a workflow profile that it does not find, and then runs everything here; and with
a SLURM that keeps no accounts, its status query by `sacct` fails for ever without a word.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from lensflow.errors import ConfigError

OPTION = "--workflow-profile"
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
    name = _profile_name(arguments)
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


def _profile_name(arguments: Sequence[str]) -> str | None:
    """Return the value of the last ``--workflow-profile``, or None."""
    name = None
    for number, argument in enumerate(arguments):
        if argument == OPTION and number + 1 < len(arguments):
            name = arguments[number + 1]
        elif argument.startswith(f"{OPTION}="):
            name = argument.removeprefix(f"{OPTION}=")
    return name


def check_executor(wanted: str | None, executor: str) -> None:
    """Check that Snakemake runs its jobs as the environment variable LENSFLOW_EXECUTOR demands.

    Parameters
    ----------
    wanted : str or None
        Its value, such as ``slurm``; nothing is demanded when it is unset or empty.
    executor : str
        The name of the executor in use, such as ``local`` or ``slurm``.

    Raises
    ------
    ConfigError
        When they differ.
    """
    if wanted and wanted != executor:
        raise ConfigError(
            f"LENSFLOW_EXECUTOR asks for the executor {wanted!r}, but Snakemake runs with "
            f"{executor!r}. Pass a profile that says `executor: {wanted}`, by its path: "
            f"{OPTION} workflow/profiles/{wanted}."
        )


def check_accounting(status_command: str) -> None:
    """Check that SLURM answers the status query, before Snakemake waits for its answer for ever.

    Parameters
    ----------
    status_command : str
        The plugin's ``--slurm-status-command``: ``sacct`` or ``squeue``.

    Raises
    ------
    ConfigError
        When it is ``sacct`` and that fails here.
    """
    if status_command != "sacct":
        return
    answer = subprocess.run(SACCT, capture_output=True, text=True, timeout=SACCT_TIMEOUT_S)
    if answer.returncode != 0:
        raise ConfigError(
            f"sacct fails here ({answer.stderr.strip() or f'status {answer.returncode}'}), so the "
            "state of jobs cannot be asked with it. Where SLURM has no accounting database, set "
            "slurm-status-command: squeue in workflow/profiles/slurm/profile.yaml."
        )
