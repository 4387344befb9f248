"""Results of two experiments, made by hand: on the training set and on a challenge-like one."""

import numpy as np
import pandas as pd
import pytest
import yaml

from lensflow.experiment import Experiment
from lensflow.paper.results import Results

COUNTS = {"tp": 90.0, "fn": 10.0, "fp": 20.0, "tn": 80.0}
LAYERS = [{"filters": f, "kernel": 3} for f in (128, 64, 32, 16, 8)]


def experiment(name, protocol, dataset, apply_to=(), **changes):
    entry = {
        "dataset": dataset,
        "protocol": protocol,
        "preset": "paper",
        "fraction": 1,
        "headline": {"scale": "log", "n_features": 24},
        "n_features": [4, 24],
        "labels": ["known", "stand_in"],
        "apply_to": list(apply_to),
        **changes,
    }
    preset = {
        "autoencoder": {"encoder": LAYERS},
        "training": {"autoencoder": {"epochs": 500}},
    }
    datasets = {
        "small": {"kind": "simulate", "n_objects": 1234},
        "hard": {"kind": "challenge1", "path": "x"},
    }
    config = {"run": [name], "datasets": datasets, "presets": {"paper": preset}}
    return Experiment(name, {**config, "experiments": {name: entry}})


def summary_row(sample, metric, values, **where):
    values = np.asarray(values, float)
    row = {"scale": "log", "n_features": 24, "sample": sample, "labels": "stand_in", "cut": "none"}
    spread = {"mean": values.mean(), "min": values.min(), "max": values.max()}
    spread |= {"std": values.std(ddof=1), "n_runs": values.size, "boot_low": 0.1, "boot_high": 0.2}
    return {**row, "metric": metric, **spread, **where}


def metric_rows(sample, auc, **where):
    key = {"scale": "log", "n_features": 24, "sample": sample, "labels": "stand_in", "cut": "none"}
    return [
        {**key, "run": run, "auc": value, "tpr0": 0.0, "tpr10": 0.1, **COUNTS, **where}
        for run, value in enumerate(auc)
    ]


@pytest.fixture
def training():
    summary = [
        summary_row("train", "auc", [0.86, 0.87, 0.88]),
        summary_row("train", "auc", [0.7, 0.8, 0.9], n_features=4),
        summary_row("train", "auc", [0.80, 0.81, 0.82], scale="linear"),
        summary_row("train", "accuracy", [0.60, 0.61, 0.62]),
        summary_row("test", "auc", [0.84, 0.85, 0.86]),
        summary_row("test_1to1", "auc", [0.84, 0.85, 0.86]),
        summary_row("test_1to10000", "auc", [0.85, 0.86, 0.87]),
        summary_row("hard", "auc", [0.6, 0.6, 0.6]),
    ]
    rare = metric_rows("test_1to10000", [0.85, 0.86, 0.87], tp=80.0, fn=20.0)
    runs = {"scale": "log", "n_features": 24}
    counts = {
        "n_clusters": 24,
        "lens_60": 8,
        "non_lens_60": 10,
        "non_lens_70": 8,
        "non_lens_90": 6,
        "uncertain": 6,
    }
    ranking = {"ratio": 10_000, "selection": ["best 1000", "p > 0.5"], "purity_mean": 0.01}
    tables = {
        "metrics_summary": pd.DataFrame(summary),
        "metrics": pd.DataFrame(
            [
                *metric_rows("train", [0.86, 0.87, 0.88]),
                *metric_rows("train", [0.88, 0.89, 0.90], labels="known"),
                *metric_rows("hard", [0.6, 0.61, 0.62]),
                *rare,
            ]
        ),
        "null": pd.DataFrame([{**runs, "shuffle": k, "auc": 0.49 + 0.02 * k} for k in (0, 1)]),
        "cluster_counts": pd.DataFrame(
            [{**runs, "run": r, "lens_share_60": s, **counts} for r, s in enumerate([0.6, 0.66])]
        ),
        "ranking": pd.DataFrame({**ranking, "purity_min": 0.008, "purity_max": 0.012}),
        "appendix_a": pd.DataFrame(
            {"n_features": 20, "purity": [1.0, 1.0], "non_lenses_together": [1.0, 0.5]}
        ),
    }
    return Results(experiment("paper", "paper", "small", ["hard"]), tables)


@pytest.fixture
def challenge():
    cut = {"cut": "n100_snr50"}
    summary = [
        summary_row("train", "auc", [0.70, 0.72, 0.74]),
        summary_row("train", "auc", [0.80, 0.81, 0.82], **cut),
    ]
    key = {"scale": "log", "n_features": 24, "sample": "train", "labels": "stand_in"}
    roc = [
        {**key, "cut": c, "fpr": fpr, "tpr_mean": t + fpr, "tpr_min": t, "tpr_max": t + 0.1}
        for c, t in (("none", 0.1), ("n100_snr50", 0.2))
        for fpr in (0.0, 0.01, 0.5)
    ]
    tables = {
        "metrics_summary": pd.DataFrame(summary),
        "metrics": pd.DataFrame(metric_rows("train", [0.70, 0.72, 0.74])),
        "roc": pd.DataFrame(roc),
    }
    return Results(experiment("far", "unlabelled", "hard"), tables)


def write(results, folder):
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(results.experiment.config))
    for name, table in results.tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder
