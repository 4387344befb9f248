"""What one experiment has to show: its numbers, its models, its warnings, read from its folder."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from lensflow.cluster import clusterers
from lensflow.evaluate.selection import UNCUT
from lensflow.experiment import Experiment
from lensflow.figures.catalogue import SECTIONS
from lensflow.files import tables
from lensflow.report.shown import TABLES
from lensflow.samples.runs import Run

HEADLINE_METRICS = ("auc", "tpr0", "tpr10", "recall", "precision", "f1", "accuracy")


@dataclass(frozen=True)
class Model:
    """One encoder with its clusters, as far as its files are there."""

    run: Run
    training: Mapping[str, object]
    clusters: Mapping[str, object]

    @property
    def name(self) -> str:
        """The model in words."""
        return f"{self.run.scale} scale, {self.run.n_features} features, run {self.run.run}"


@dataclass(frozen=True)
class Findings:
    """Everything that the report says about one experiment.

    Attributes
    ----------
    experiment : Experiment
        What was chosen: the effective configuration that lies in its folder.
    root : Path
        The folder that holds ``results``.
    tables : mapping of str to DataFrame or None
        "metrics" and `lensflow.report.shown.TABLES`; None where there is no file.
    models : sequence of Model
    candidates : mapping of str to DataFrame
        By dataset.
    quarantine : mapping of str to DataFrame or None
        By dataset.
    completeness : mapping of str to DataFrame
        Over known lenses, by the dataset for which they are given.
    injected : mapping of str to mapping of str to DataFrame
        The tables on injected sources, by dataset and by their names.
    figures : mapping of str to sequence of (str, Path)
        Caption and PNG file of each figure, by section.
    """

    experiment: Experiment
    root: Path
    tables: Mapping[str, pd.DataFrame | None]
    models: Sequence[Model]
    candidates: Mapping[str, pd.DataFrame]
    quarantine: Mapping[str, pd.DataFrame | None]
    completeness: Mapping[str, pd.DataFrame]
    injected: Mapping[str, Mapping[str, pd.DataFrame]]
    figures: Mapping[str, Sequence[tuple[str, Path]]]

    def image_paths(self, dataset: str) -> list[Path]:
        """Return the image shards of a dataset."""
        sample = self.experiment.candidate_sample(dataset)
        shards = self.experiment.sample_dataset(sample).image_paths
        return [self.root / path for path in shards]

    @property
    def headline(self) -> dict[str, object]:
        """Scale, number of features and sample that the experiment is judged by, uncut."""
        return {
            **self.experiment.model,
            "sample": self.experiment.headline_sample,
            "cut": UNCUT,
        }


def read_findings(
    config_path: Path | str, figures: Sequence[tuple[str, str, Path | str]] = ()
) -> Findings:
    """Read the results of an experiment; whatever has not been made is left out.

    Parameters
    ----------
    config_path : path-like
        Its effective configuration, ``results/<experiment>/config.yaml``.
    figures : sequence of (str, str, path-like)
        Section, caption and PNG of each figure to show, in order; missing ones are left out.

    Returns
    -------
    Findings
    """
    root = Path(config_path).parents[2]
    config = yaml.safe_load(Path(config_path).read_text())
    (name,) = config["run"]  # those beside it are there too
    experiment = Experiment(name, config)
    candidates = {
        dataset: _csv(root / experiment.candidates_path(dataset))
        for dataset in experiment.candidate_datasets
    }
    return Findings(
        experiment=experiment,
        root=root,
        tables={table: _csv(root / experiment.table_path(table)) for table in ("metrics", *TABLES)},
        models=[_read_model(root, experiment, run) for run in experiment.runs],
        candidates={dataset: table for dataset, table in candidates.items() if table is not None},
        quarantine={
            dataset.name: _csv(root / dataset.quarantine_path) for dataset in experiment.datasets
        },
        completeness={
            dataset: table
            for dataset in experiment.datasets_with_known_lenses
            if (table := _csv(root / experiment.completeness_path(dataset))) is not None
        },
        injected={
            dataset: tables
            for dataset in experiment.completeness_datasets
            if (tables := _injected(root, experiment.injected_paths(dataset)))
        },
        figures={section: _figures_of(section, figures) for section in SECTIONS},
    )


def _injected(root, paths):
    """Return the tables on injected sources by name; nothing where one of them is missing."""
    found = {name: _csv(root / path) for name, path in paths.items()}
    return {} if any(table is None for table in found.values()) else found


def _figures_of(section, figures):
    chosen = [(caption, Path(path)) for place, caption, path in figures if place == section]
    return [(caption, path) for caption, path in chosen if path.is_file()]


def _csv(path):
    return tables.read_objects(path) if path.is_file() else None


def _read_model(root, experiment, run):
    network = experiment.encoder.name
    report = root / experiment.run_path(run, f"{network}_report.json")
    training = json.loads(report.read_text()) if report.is_file() else {}
    history = _csv(root / experiment.run_path(run, f"{network}_history.csv"))
    if history is not None and len(history):
        # Where the weights of the best epoch were kept it is theirs, not that of the last.
        last = history["val_loss"].iloc[-1]
        training["held_out_loss"] = float(training.get("final_val_loss", last))
        training["constant_loss"] = float(history["constant_loss"].iloc[-1])
    mixture = root / experiment.mixture_path(run)
    clusters = clusterers.load(mixture).summary() if mixture.is_file() else {}
    return Model(run, training, clusters)
