"""The tables of one experiment, and the numbers of its headline model that the paper has too."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml

# Whose judgement stands for the paper's "assumed probability", the best there is.
ASSUMED = ("person", "stand_in", "known")
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
    config : mapping
        Its effective configuration.
    name : str
    tables : mapping of str to pandas.DataFrame
        Those of ``TABLES`` that exist.
    """

    config: Mapping
    name: str
    tables: Mapping[str, pd.DataFrame]

    @property
    def settings(self) -> Mapping:
        """The experiment's entry in the configuration."""
        return self.config["experiments"][self.name]

    @property
    def model(self) -> dict:
        """Scale and number of features of the headline model."""
        return dict(self.settings["headline"])

    @property
    def labels(self) -> str:
        """The judgement that stands for the assumed probability."""
        return next(method for method in ASSUMED if method in self.settings["labels"])

    def rows(self, table: str, **where) -> pd.DataFrame:
        """Return the rows of a table with the given values; none where there is no table."""
        found = self.tables.get(table, pd.DataFrame(columns=list(where)))
        for column, value in where.items():
            found = found[found[column] == value]
        return found

    def metric(self, metric: str, sample: str, **where) -> Measured | None:
        """Return a metric of the headline model over its runs; None where it was not measured."""
        chosen = {**self.model, "labels": self.labels, "cut": "none", **where}
        rows = self.rows("metrics_summary", metric=metric, sample=sample, **chosen)
        return None if rows.empty else from_summary(rows.iloc[0])

    def metric_runs(self, metric: str, sample: str, **where) -> np.ndarray:
        """Return a metric of each run of the headline model, by the number of the run."""
        chosen = {**self.model, "labels": self.labels, "cut": "none", **where}
        return self.rows("metrics", sample=sample, **chosen).sort_values("run")[metric].to_numpy()

    def n_nonlens(self, sample: str) -> int | None:
        """Return the number of non-lenses among which false positives are counted."""
        counts = self.metric_runs("fp", sample) + self.metric_runs("tn", sample)
        return int(counts[0]) if counts.size else None

    def data(self, sample: str) -> str:
        """Say in plain words which images a sample is of."""
        own = sample.split("_1to")[0] in ("train", "test", "")
        name = self.settings["dataset"] if own else sample
        return describe_data(name, self.config["datasets"][name])

    def differences(self, judged: bool = True) -> list[str]:
        """Return in words what is not as in the paper; ``judged`` counts the judgement in."""
        preset = self.config["presets"][self.settings["preset"]]
        filters = [layer["filters"] for layer in preset["autoencoder"]["encoder"]]
        epochs = preset["training"]["autoencoder"]["epochs"]
        simulated = self.config["datasets"][self.settings["dataset"]]["kind"] == "simulate"
        fraction = self.settings["fraction"]
        stand_in = judged and self.labels == "stand_in"
        fewer = fraction < 1 and self.settings["protocol"] != "unlabelled"
        return [
            text
            for holds, text in (
                (simulated, "simulated images, not the challenge's"),
                (fewer, f"{fraction:g} of the paper's number of images"),
                (filters != PAPER_FILTERS, "smaller networks"),
                (epochs != PAPER_EPOCHS, f"{epochs} epochs"),
                (stand_in, "clusters judged by 25 true labels each, not by eye"),
            )
            if holds
        ]


def read_results(folder: str | Path) -> Results:
    """Read the configuration and the tables in an experiment's folder, as far as they exist."""
    folder = Path(folder)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    found = {name: folder / f"{name}.csv" for name in TABLES}
    tables = {name: pd.read_csv(path) for name, path in found.items() if path.is_file()}
    return Results(config, config["run"][0], tables)


def describe_data(name: str, dataset: Mapping) -> str:
    """Say what a dataset is: simulated images are called so."""
    if dataset["kind"] == "simulate":
        return f"simulated ({name}: {dataset['n_objects']:,} images)"
    if dataset["kind"] == "challenge1":
        return f"Lens Finding Challenge 1.0 ({name})"
    return f"FITS cutouts ({name})"


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
