r"""How well results repeat where arithmetic rounds otherwise: the same runs on several machines.

    python -m lensflow.studies.compare_machines FIRST=FOLDER OTHER=FOLDER... --output FILE.csv

FOLDER is where `make run` was called, on another machine or with other arithmetic, such as

    ONEDNN_MAX_CPU_ISA=AVX2 make run                        # without AVX-512
    .venv/bin/snakemake --config math_threads=2             # sums in another order

Writes one row a machine, experiment, sample and judgement: mean, least and largest AUC of the runs.
Prints the table that the documentation shows of the first machine, and the tolerance: how far the
means of the others are from the first's. Makes nothing anew.
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from lensflow.errors import ConfigError
from lensflow.evaluate.selection import CUT
from lensflow.files.tables import write_csv
from lensflow.studies.command import command

EXPERIMENTS = ("demo", "best")
"""What `make run` runs."""
KEYS = ["experiment", "sample", "labels", "cut"]
SUMMARY = ["mean", "min", "max"]
SHOWN = {
    ("test", "known"): "held out | true fractions (`known`)",
    ("test", "stand_in"): "held out | `stand_in`",
    ("sim_challenge", "known"): "challenge-like, by transfer | `known`",
}
"""Lines of the table of the documentation."""


def compare(folders: Mapping[str, Path]) -> pd.DataFrame:
    """Return the AUC that each machine has reached.

    Parameters
    ----------
    folders : mapping of str to path
        By the machine's name, the folder that holds ``results``.

    Returns
    -------
    pandas.DataFrame
        Columns ``machine``, ``experiment``, ``sample``, ``labels``, ``cut``, and ``mean``, ``min``
        and ``max`` of the AUC over the runs of the headline model.

    Raises
    ------
    ConfigError
        When an experiment was not run in a folder, or machines have run different things.
    """
    table = pd.concat(
        [_of_machine(name, Path(folder)) for name, folder in folders.items()], ignore_index=True
    )
    rows = {name: set(map(tuple, part[KEYS].to_numpy())) for name, part in table.groupby("machine")}
    first = next(iter(folders))
    for name, found in rows.items():
        if different := found ^ rows[first]:
            raise ConfigError(
                f"{folders[name]} and {folders[first]} do not hold results of the same samples and "
                f"judgements: {' '.join(min(different))} is in one of them alone. Run both with "
                "the same configuration."
            )
    return table


def tolerance(table: pd.DataFrame) -> pd.DataFrame:
    """Return how far the mean AUC of a machine is from that of the first, at most.

    Parameters
    ----------
    table : DataFrame
        What `compare` returns.

    Returns
    -------
    pandas.DataFrame
        Columns ``experiment``, ``sample``, ``labels``, ``cut``, and ``difference``.
    """
    means = table.pivot(index=KEYS, columns="machine", values="mean")
    first = means[table["machine"].iloc[0]]
    return means.sub(first, axis=0).abs().max(axis=1).rename("difference").reset_index()


def markdown(table: pd.DataFrame) -> list[str]:
    """Return the lines that the documentation shows of the first machine, in Markdown.

    Parameters
    ----------
    table : DataFrame
        What `compare` returns.

    Returns
    -------
    list of str
        A line for each of `SHOWN`: all lenses, then those of the cut; in both the experiments.
    """
    first = table[table["machine"] == table["machine"].iloc[0]].set_index(KEYS)
    lines = []
    for (sample, labels), title in SHOWN.items():
        whole, cut = (
            [first.loc[(name, sample, labels, which)] for name in EXPERIMENTS]
            for which in ("none", CUT)
        )
        ranges = [f"{row['mean']:.3f} ({row['min']:.3f} to {row['max']:.3f})" for row in whole]
        means = [f"{row['mean']:.3f}" for row in cut]
        lines.append(f"| {title} | {' | '.join([*ranges, *means])} |")
    return lines


def _of_machine(machine: str, folder: Path) -> pd.DataFrame:
    parts = [part for name in EXPERIMENTS for part in _of_experiment(name, folder)]
    return pd.concat(parts, ignore_index=True).assign(machine=machine)[["machine", *KEYS, *SUMMARY]]


def _of_experiment(experiment: str, folder: Path) -> Iterator[pd.DataFrame]:
    path = folder / "results" / experiment / "metrics_summary.csv"
    if not path.is_file():
        raise ConfigError(f"{path} is not there; expected what `make run` leaves: call it there.")
    table = pd.read_csv(path, keep_default_na=False, dtype={"cut": str})
    wanted = table["cut"].isin(["none", CUT]) & (table["metric"] == "auc")
    yield table[wanted].assign(experiment=experiment)


def _named_folder(text: str) -> tuple[str, Path]:
    name, equals, folder = text.partition("=")
    if not (name and equals and folder):
        raise argparse.ArgumentTypeError(f"received {text!r}, expected NAME=FOLDER")
    return name, Path(folder)


@command
def main() -> None:
    """Collect, write the table, and print what is shown of it and the tolerance."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("machines", nargs="+", type=_named_folder, help="NAME=FOLDER, first first")
    parser.add_argument("--output", type=Path, required=True, help="CSV file to write")
    given = parser.parse_args()
    table = compare(dict(given.machines))
    write_csv(given.output, table)
    print(*markdown(table), tolerance(table).to_string(index=False), sep="\n")


if __name__ == "__main__":
    main()
