"""Whether injected sources tell the true completeness, that over the lenses of a labelled dataset.

    PYTHONPATH=scripts python -m lensflow.studies.check_completeness results/best sim_challenge \
        --output FOLDER

The dataset has true labels, and sources were injected into its non-lenses (``completeness``). Its
own lenses are counted in the same bins and selections. Makes nothing anew: the experiment is run
first.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import chi2

from lensflow.apply.matching import ranks
from lensflow.apply.recovery import completeness_table
from lensflow.apply.selections import selections
from lensflow.errors import ConfigError
from lensflow.evaluate.missed import ALL, MAGNITUDE, TITLES
from lensflow.evaluate.selection import with_snr
from lensflow.experiment import Experiment
from lensflow.figures import style
from lensflow.files.tables import write_csv
from lensflow.samples.images import read_index
from lensflow.samples.rows import MEASURES, RADIUS
from lensflow.studies.command import command
from lensflow.studies.trained import existing, read_experiment

BIN = ["selection", "by", "low", "high"]
LOOKS = {"injected": (style.BLACK, "o", -0.1), "true": (style.VERMILLION, "s", 0.1)}


def compare(experiment: Experiment, root: Path, dataset: str) -> pd.DataFrame:
    """Return completeness over injected sources beside that over the dataset's own lenses.

    Parameters
    ----------
    experiment : Experiment
    root : path
        The folder that holds ``results``.
    dataset : str
        One that it ranks, with true labels and injected sources.

    Returns
    -------
    DataFrame
        Columns selection, by, low, high; n_lens, n_found, completeness and its 68 % interval, each
        with _injected and _true; deviation, the difference of the completeness in units of what
        both intervals allow. Bins without a source or a lens are left out.

    Raises
    ------
    ConfigError
        When the dataset has no labels, or no sources were injected.
    ArtifactError
        When the experiment was not run.
    """
    if dataset not in experiment.completeness_datasets:
        raise ConfigError(
            f"{experiment.name} has no injected sources in {dataset!r}; it has them in "
            f"{experiment.completeness_datasets}. Give the dataset the key completeness and run it."
        )
    if not experiment.sample_dataset(dataset).is_labelled:
        raise ConfigError(f"{dataset!r} has no true labels; expected a dataset with a catalogue.")
    injected = pd.read_csv(existing(root / experiment.injected_path("completeness", dataset)))
    true = pd.DataFrame(_true_rows(experiment, root, dataset))
    both = injected.merge(true, on=BIN, suffixes=("_injected", "_true"))
    both = both[(both["n_lens_injected"] > 0) & (both["n_lens_true"] > 0)]
    return both.assign(deviation=deviation(both)).reset_index(drop=True)


def _true_rows(experiment: Experiment, root: Path, dataset: str) -> Iterator[dict]:
    """Yield completeness over the lenses of a dataset, by what is known of all of them."""
    index = existing(root / experiment.sample_dataset(dataset).index_path)
    table = read_index(index, catalogue=["is_lens", RADIUS, *MEASURES])
    table = with_snr(table[table["is_lens"] == 1]).assign(**{MAGNITUDE: np.nan})
    sample = experiment.candidate_sample(dataset)
    scores = [existing(root / p) for p in experiment.headline_paths(f"scores_{sample}.csv")]
    arcs = [existing(root / path) for path in experiment.unjudged_arcs_paths(sample)]
    place = ranks(scores, experiment.judgement.name, table["id"], *arcs)
    table = table.merge(place, on="id", validate="one_to_one")
    yield from completeness_table(table, selections(table, experiment.settings["n_candidates"]))


def deviation(both: pd.DataFrame) -> pd.Series:
    """Return the difference over the half-widths of both intervals that lie between, in quadrature.

    These are those of the lower one's upper and of the upper one's lower end.
    """
    difference = both["completeness_injected"] - both["completeness_true"]
    inner = [
        np.where(
            (difference > 0) == (kind == "injected"),
            both[f"completeness_{kind}"] - both[f"completeness_low_{kind}"],
            both[f"completeness_high_{kind}"] - both[f"completeness_{kind}"],
        )
        for kind in LOOKS
    ]
    width = np.hypot(*inner)
    return difference / np.where(difference == 0, 1.0, width)


def draw(table: pd.DataFrame, png: Path, pdf: Path) -> None:
    """Draw both, a panel a selection and measure."""
    shown = [by for by in TITLES if (table["by"] == by).any()]
    chosen = table["selection"].unique()
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 0.6 + 2.1 * len(chosen))
        axes = figure.subplots(len(chosen), len(shown), squeeze=False, sharey=True)
        for line, name in zip(axes, chosen, strict=True):
            for place, by in zip(line, shown, strict=True):
                _panel(place, table[(table["selection"] == name) & (table["by"] == by)])
                place.set_xlabel(TITLES[by])
            line[0].set_ylabel(f"completeness, {name}")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        style.save(figure, png, pdf)


def _panel(axes, rows: pd.DataFrame) -> None:
    for kind, (colour, marker, shift) in LOOKS.items():
        value = rows[f"completeness_{kind}"]
        ends = value - rows[f"completeness_low_{kind}"], rows[f"completeness_high_{kind}"] - value
        axes.errorbar(
            np.arange(len(rows)) + shift, value, list(ends), color=colour, marker=marker, ls="",
            ms=3.5, capsize=2, elinewidth=0.7, label=kind,
        )  # fmt: skip
    edges = [f"{low:g}+" if np.isinf(high) else f"{low:g}$-${high:g}"
             for low, high in rows[["low", "high"]].to_numpy()]  # fmt: skip
    axes.set_xticks(np.arange(len(rows)), edges)
    axes.set_ylim(-0.04, 1.04)
    axes.tick_params(axis="x", which="minor", bottom=False, top=False)


@command
def main() -> None:
    """Compare, write table and figure, and say how far apart they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", help="its results, such as results/best")
    parser.add_argument("dataset", help="a labelled dataset that it ranks")
    parser.add_argument("--output", type=Path, required=True, help="folder for table and figure")
    given = parser.parse_args()
    table = compare(*read_experiment(given.experiment), given.dataset)
    given.output.mkdir(parents=True, exist_ok=True)
    write_csv(given.output / "completeness.csv", table)
    draw(table, given.output / "completeness.png", given.output / "completeness.pdf")
    shown = [*BIN, "n_lens_injected", "n_lens_true", "completeness_injected", "completeness_true"]
    print(table[[*shown, "deviation"]].round(3).to_string(index=False))
    for (name, by), rows in table[table["by"] != ALL].groupby(["selection", "by"], sort=False):
        distance = np.sum(rows["deviation"] ** 2)
        chance = chi2(len(rows)).sf(distance)
        print(f"{name}, by {by}: chi2 {distance:.1f} of {len(rows)} bins, by chance {chance:.2g}")


if __name__ == "__main__":
    main()
