"""The tables of one experiment, and the numbers of its headline model that the paper has too."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

from lensflow.evaluate.resampling import drawn_from
from lensflow.evaluate.selection import UNCUT
from lensflow.experiment import Experiment
from lensflow.files.tables import rows_where

TABLES = (
    *("metrics", "metrics_summary", "roc", "null"),
    *("cluster_counts", "ranking", "appendix_a"),
)
PAPER_FILTERS = [128, 64, 32, 16, 8]
PAPER_EPOCHS = 500


class Measured(NamedTuple):
    """One of our numbers.

    Attributes
    ----------
    value : float or str
    error : float or None
        Standard deviation over runs where the note says nothing else.
    spread : str
        Range over runs and bootstrap interval, in words.
    """

    value: float | str
    error: float | None = None
    spread: str = ""


@dataclass(frozen=True)
class Results:
    """What one experiment found.

    Attributes
    ----------
    experiment : Experiment
        Its choices, from its effective configuration.
    tables : mapping of str to pandas.DataFrame
        Those of ``TABLES`` that exist.
    """

    experiment: Experiment
    tables: Mapping[str, pd.DataFrame]

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return self.experiment.name

    @property
    def judgement(self) -> str:
        """The judgement that counts: it stands for the paper's assumed probability."""
        return self.experiment.judgement.name

    @property
    def shown(self) -> dict[str, object]:
        """What chooses the rows of the headline model by the judgement that counts."""
        return {**self.experiment.model, "labels": self.judgement}

    def rows(self, table: str, **where) -> pd.DataFrame:
        """Return the rows of a table with the given values; none where there is no table."""
        return rows_where(self.tables.get(table, pd.DataFrame(columns=list(where))), where)

    def metric(self, metric: str, sample: str, **where) -> Measured | None:
        """Return a metric of the headline model over its runs; None where it was not measured."""
        chosen = {**self.shown, "cut": UNCUT, **where}
        rows = self.rows("metrics_summary", metric=metric, sample=sample, **chosen)
        return None if rows.empty else from_summary(rows.iloc[0])

    def metric_runs(self, metric: str, sample: str, **where) -> np.ndarray:
        """Return a metric of each run of the headline model, by the number of the run."""
        chosen = {**self.shown, "cut": UNCUT, **where}
        return self.rows("metrics", sample=sample, **chosen).sort_values("run")[metric].to_numpy()

    def n_nonlens(self, sample: str) -> int | None:
        """Return the number of non-lenses among which false positives are counted."""
        counts = self.metric_runs("fp", sample) + self.metric_runs("tn", sample)
        return int(counts[0]) if counts.size else None

    def data(self, sample: str) -> str:
        """Say in plain words which images a sample is of."""
        return self.experiment.sample_dataset(drawn_from(sample)).title

    def differences(self, judged: bool = True) -> list[str]:
        """Return in words what is not as in the paper; ``judged`` counts the judgement in."""
        experiment = self.experiment
        filters = [layer["filters"] for layer in experiment.preset["autoencoder"]["encoder"]]
        epochs = experiment.preset["training"]["autoencoder"]["epochs"]
        fraction = experiment.settings["fraction"]
        unlike = experiment.judgement.unlike_paper
        fewer = fraction < 1 and experiment.protocol != "unlabelled"
        return [
            text
            for holds, text in (
                (experiment.dataset.is_simulated, "simulated images, not the challenge's"),
                (fewer, f"{fraction:g} of the paper's number of images"),
                (filters != PAPER_FILTERS, "smaller networks"),
                (epochs != PAPER_EPOCHS, f"{epochs} epochs"),
                (judged and unlike, unlike),
            )
            if holds
        ]


def read_results(folder: str | Path) -> Results:
    """Read the configuration and the tables in an experiment's folder, as far as they exist."""
    folder = Path(folder)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    found = {name: folder / f"{name}.csv" for name in TABLES}
    tables = {name: pd.read_csv(path) for name, path in found.items() if path.is_file()}
    return Results(Experiment(config["run"][0], config), tables)


def from_summary(row: pd.Series) -> Measured | None:
    """Return a row of ``metrics_summary.csv`` as a number with its spread; None for NaN."""
    if not np.isfinite(row["mean"]):
        return None
    parts = []
    if row["n_runs"] > 1:
        parts.append(f"{row['n_runs']:.0f} runs {row['min']:.4f} to {row['max']:.4f}")
    if np.isfinite(row["boot_low"]):
        parts.append(f"bootstrap over objects {row['boot_low']:.4f} to {row['boot_high']:.4f}")
    return Measured(float(row["mean"]), finite(row["std"]), "; ".join(parts))


def over_runs(values: np.ndarray) -> Measured | None:
    """Return mean and standard deviation of one value a run; None where there is none."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return None
    if values.size == 1:
        return Measured(float(values[0]), None, "ours from one run")
    spread = f"{values.size} runs {values.min():.4g} to {values.max():.4g}"
    return Measured(float(values.mean()), float(values.std(ddof=1)), spread)


def finite(value: float) -> float | None:
    """Return a number, or None for NaN."""
    return float(value) if np.isfinite(value) else None
