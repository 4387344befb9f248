"""What finders reach side by side: the experiments of a run, from the tables that it made.

    python -m lensflow.studies.compare_finders EXPERIMENT... --samples SAMPLE... --output FILE.csv

Writes one row an experiment, sample and judgement: means and standard deviations over the
experiment's runs, and the CPU time of a run. Makes nothing anew: run the experiments first. Prints
the table that the documentation shows; a test holds this to the published file.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from lensflow.errors import ConfigError
from lensflow.evaluate.selection import CUT
from lensflow.files.tables import write_csv
from lensflow.studies.command import command

MERITS = {
    "auc": ("none", "auc"),
    "auc_cut": (CUT, "auc"),
    "tpr0": ("none", "tpr0"),
    "tpr10": ("none", "tpr10"),
}
"""Columns by the cut and the metric of ``metrics_summary.csv``."""
NUMBERS = ("mean", "std")
"""Columns of it that may be empty."""
_TITLES = {"auc": "AUC", "auc_cut": "after the cut", "tpr0": "TPR0", "tpr10": "TPR10"}
COSTLY = (
    *("fit_encoder", "fit_mixture", "fit_calibration", "fit_head", "spread_mixture"),
    *("train_denoiser", "train_autoencoder", "train_contrastive", "train_student"),
    *("embed_stack", "embed_images", "predict_stack", "predict_images"),
    *("denoise_stack", "denoise_images"),
)
"""How the jobs begin that make an encoder, its clusters, and what is computed of each image: those
of the finder, and not of a baseline beside it or of the sources alone (appendix A)."""


def compare(
    experiments: Iterable[str], samples: Sequence[str], root: Path = Path()
) -> pd.DataFrame:
    """Return what experiments reach.

    Parameters
    ----------
    experiments : iterable of str
        Names of experiments that were run.
    samples : sequence of str
        Which of their samples, in this order.
    root : path
        The folder that holds ``results``.

    Returns
    -------
    pandas.DataFrame
        Columns ``experiment``, ``sample``, ``labels``, each of `MERITS` with its standard deviation
        over runs (``_std``; NaN of a single one), ``n_runs``, and ``cpu_s``: CPU seconds of a run,
        trainings included.

    Raises
    ------
    ConfigError
        When an experiment has no metrics yet, or none of a sample, or has several models, or
        nothing is known of the lenses of a sample that the cut takes, or it leaves one class alone.
    """
    return pd.DataFrame([row for name in experiments for row in _rows(name, samples, root)])


def markdown(table: pd.DataFrame) -> list[str]:
    """Return the lines of the table that the documentation shows, in Markdown.

    Parameters
    ----------
    table : DataFrame
        What `compare` returns.

    Returns
    -------
    list of str
        A line an experiment and judgement, the best values bold; all samples, in the order of the
        file.
    """
    keys = ["experiment", "labels"]
    samples = list(dict.fromkeys(table["sample"]))
    wide = table.pivot(index=keys, columns="sample", values=list(MERITS))
    wide = wide.reindex(pd.MultiIndex.from_frame(table[keys].drop_duplicates()))
    costs = table.drop_duplicates(keys)["cpu_s"].to_numpy()
    titles = ["experiment", "clusters judged by", *_TITLES.values(), "CPU a run"]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    best = {(name, sample): wide[(name, sample)].max() for name in MERITS for sample in samples}
    for ((experiment, labels), row), cost in zip(wide.iterrows(), costs, strict=True):
        cells = []
        for name in MERITS:
            values = [(row[name, sample], best[name, sample]) for sample in samples]
            texts = [f"**{v:.3f}**" if v == highest else f"{v:.3f}" for v, highest in values]
            cells.append(", ".join(texts))
        lines.append(f"| `{experiment}` | `{labels}` | {' | '.join(cells)} | {cost / 60:.1f} min |")
    return lines


def _rows(experiment: str, samples: Sequence[str], root: Path) -> Iterator[dict]:
    path = root / "results" / experiment / "metrics_summary.csv"
    if not path.is_file():
        raise ConfigError(
            f"{path} is not there; run the experiment first: "
            f".venv/bin/snakemake --config run='[{experiment}]'"
        )
    # The cut "none" is a word, and an empty number is unknown: the spread of a single run.
    texts = {"keep_default_na": False, "na_values": {name: [""] for name in NUMBERS}}
    table = pd.read_csv(path, dtype={"cut": str}, **texts)
    for sample in samples:
        if sample not in set(table["sample"]):
            known = ", ".join(dict.fromkeys(table["sample"]))
            raise ConfigError(f"{path} has no sample {sample!r}; it has {known}")
        for labels, of_sample in table[table["sample"] == sample].groupby("labels"):
            _check_one_model(of_sample, path)
            yield _row(experiment, sample, labels, of_sample.set_index(["cut", "metric"]), root)


def _check_one_model(of_sample: pd.DataFrame, path: Path) -> None:
    counts = of_sample.value_counts(["cut", "metric"])
    if counts.max() > 1:
        raise ConfigError(
            f"{path} holds {counts.max()} models, of other scales or numbers of features; expected "
            "an experiment of one. Compare experiments that have one scale and one of n_features"
        )
    if missing := [key for key in MERITS.values() if key not in counts.index]:
        cut, metric = missing[0]
        raise ConfigError(
            f"{path} has no {metric} after the cut {cut!r} of the sample "
            f"{of_sample['sample'].iloc[0]!r}: its catalogue does not say which lenses pass it. "
            "Leave the sample out"
        )
    merits = of_sample.set_index(["cut", "metric"])["mean"].loc[list(MERITS.values())]
    if merits.isna().any():
        cut, metric = merits.index[merits.isna()][0]
        raise ConfigError(
            f"{path} has an empty {metric} after the cut {cut!r} of the sample "
            f"{of_sample['sample'].iloc[0]!r}: it has no lens left there, or no non-lens. Leave "
            "the sample out"
        )


def _row(experiment, sample, labels, found: pd.DataFrame, root: Path) -> dict:
    row = {"experiment": experiment, "sample": sample, "labels": labels}
    for name, key in MERITS.items():
        merit = found.loc[key]
        row |= {name: float(merit["mean"]), f"{name}_std": float(merit["std"])}
    n_runs = int(found["n_runs"].iloc[0])
    return row | {"n_runs": n_runs, "cpu_s": cpu_seconds(experiment, root) / n_runs}


def cpu_seconds(experiment: str, root: Path = Path()) -> float:
    """Return the CPU time of an experiment's jobs that begin as `COSTLY` says, in seconds."""
    folder = root / "results/benchmarks" / experiment
    jobs = [path for path in sorted(folder.rglob("*.tsv")) if path.name.startswith(COSTLY)]
    return sum(float(pd.read_csv(path, sep="\t")["cpu_time"].sum()) for path in jobs)


@command
def main() -> None:
    """Collect, write the table and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiments", nargs="+", help="experiments that were run")
    parser.add_argument("--output", type=Path, required=True, help="CSV file to write")
    parser.add_argument("--root", type=Path, default=Path(), help="the folder that holds results")
    parser.add_argument("--samples", nargs="+", required=True, help="which of their samples")
    given = parser.parse_args()
    table = compare(given.experiments, given.samples, given.root)
    write_csv(given.output, table)
    print(*markdown(table), sep="\n")


if __name__ == "__main__":
    main()
