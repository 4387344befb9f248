"""What one experiment has to show: its numbers, its models, its warnings, read from its folder."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from lensflow import artifacts

HEADLINE_METRICS = ("auc", "tpr0", "tpr10", "recall", "precision", "f1", "accuracy")


@dataclass(frozen=True)
class Model:
    """One trained autoencoder with its mixture, as far as its files are there."""

    scale: str
    n_features: int
    run: int
    folder: Path
    training: Mapping[str, object]
    mixture: Mapping[str, object]

    @property
    def name(self) -> str:
        """The model in words."""
        return f"{self.scale} scale, {self.n_features} features, run {self.run}"


@dataclass(frozen=True)
class Experiment:
    """Everything that the report says about one experiment.

    Attributes
    ----------
    name : str
    folder : Path
    settings : mapping
        The experiment's entry in the effective configuration.
    config : mapping
        The whole effective configuration.
    tables : mapping of str to DataFrame or None
        "metrics", "metrics_summary", "null", "baselines"; None where there is no file.
    models : sequence of Model
    candidates : mapping of str to DataFrame
        By dataset.
    quarantine : mapping of str to DataFrame or None
        By dataset.
    figures : sequence of Path
        PNG files, in the order of the report.
    """

    name: str
    folder: Path
    settings: Mapping[str, object]
    config: Mapping[str, object]
    tables: Mapping[str, pd.DataFrame | None]
    models: Sequence[Model]
    candidates: Mapping[str, pd.DataFrame]
    quarantine: Mapping[str, pd.DataFrame | None]
    figures: Sequence[Path]

    @property
    def datasets(self) -> Mapping[str, Mapping[str, object]]:
        """Entries of the datasets used, the one trained on first."""
        names = [self.settings["dataset"], *self.settings.get("apply_to", [])]
        return {name: self.config["datasets"][name] for name in names}

    @property
    def headline(self) -> dict[str, object]:
        """Scale, number of features and sample that the experiment is judged by."""
        settings = self.settings
        sample = "train" if settings["protocol"] == "unlabelled" else "test"
        return {**settings["headline"], "sample": sample, "cut": "none"}


def read_experiment(
    name: str,
    folder: Path | str,
    figures: Sequence[Path | str] = (),
    data_folder: Path | str = "results/data",
) -> Experiment:
    """Read the results of an experiment; whatever has not been made is left out.

    Parameters
    ----------
    name : str
        Its name in the configuration.
    folder : path-like
        Its folder, which holds ``config.yaml``.
    figures : sequence of path-like
        PNG figures to show, in order; missing ones are left out.
    data_folder : path-like
        Folder of the ingested datasets.

    Returns
    -------
    Experiment
    """
    folder, data_folder = Path(folder), Path(data_folder)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    settings = config["experiments"][name]
    applied = settings.get("apply_to", [])
    candidates = {dataset: _csv(folder / f"candidates_{dataset}.csv") for dataset in applied}
    tables = ("metrics", "metrics_summary", "null", "baselines")
    return Experiment(
        name=name,
        folder=folder,
        settings=settings,
        config=config,
        tables={table: _csv(folder / f"{table}.csv") for table in tables},
        models=_models(folder, settings),
        candidates={dataset: table for dataset, table in candidates.items() if table is not None},
        quarantine={
            dataset: _csv(data_folder / dataset / "quarantine.csv")
            for dataset in [settings["dataset"], *applied]
        },
        figures=[Path(path) for path in figures if Path(path).is_file()],
    )


def _csv(path):
    return pd.read_csv(path, dtype={"id": str}) if path.is_file() else None


def _models(folder, settings):
    places = [
        (scale, n_features, run)
        for scale in settings["scales"]
        for n_features in settings["n_features"]
        for run in range(settings.get("runs", 1))
    ]
    return [_read_model(folder, *place) for place in places]


def _read_model(folder, scale, n_features, run):
    place = folder / scale / f"features_{n_features}" / f"run_{run}"
    report = place / "autoencoder_report.json"
    training = json.loads(report.read_text()) if report.is_file() else {}
    history = _csv(place / "autoencoder_history.csv")
    if history is not None and len(history):
        training["held_out_loss"] = float(history["val_loss"].iloc[-1])
        training["constant_loss"] = float(history["constant_loss"].iloc[-1])
    mixture = {}
    if (place / "mixture.h5").is_file():
        with artifacts.open(place / "mixture.h5", "mixture") as file:
            mixture = {key: file.attrs[key] for key in ("converged", "n_iter", "engine")}
            weights = artifacts.read(file, "weights")
        mixture["n_components"] = len(weights)
        mixture["n_used"] = int((weights > 0.01).sum())
    return Model(scale, n_features, run, place, training, mixture)
