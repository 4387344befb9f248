"""The paper's numbers beside ours: one row a quantity, with data, spread and reasons."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.paper import numbers as published
from lensflow.paper.challenge_rows import cut_rows, table2_rows
from lensflow.paper.results import Measured, Results, finite, over_runs, read_results
from lensflow.paper.rows import COLUMNS, NAMES, row
from lensflow.tables import write_csv


def compare_stage(experiments: Sequence[Mapping[str, str | None]], output: str | Path) -> None:
    """Write the comparison of one or more experiments with the paper.

    Parameters
    ----------
    experiments : sequence of mapping
        Folders of the results by role: "training" and, or None, "honest" and "challenge".
    output : str or Path
        ``paper_comparison.csv``.
    """
    tables = [
        compare(**{role: folder and read_results(folder) for role, folder in entry.items()})
        for entry in experiments
    ]
    write_csv(output, pd.concat(tables) if tables else pd.DataFrame(columns=COLUMNS))


def compare(training: Results, honest: Results | None, challenge: Results | None) -> pd.DataFrame:
    """Return the comparison as a table of texts, in the order of the paper.

    Parameters
    ----------
    training : Results
        Of the paper's protocol on the training set.
    honest : Results or None
        The same objects, both classes augmented alike.
    challenge : Results or None
        Trained, clustered and judged anew on the challenge-like set.

    Returns
    -------
    pandas.DataFrame
        ``COLUMNS``; ``ours`` is "not run" where there is nothing to compare.
    """
    return pd.DataFrame(
        [
            *_headline(training, honest),
            *_checks(training, honest),
            *_features(training),
            *_clusters(training),
            *_ratios(training),
            *table2_rows(training, honest, challenge),
            *cut_rows(training, challenge),
            *_appendix(training),
        ],
        columns=COLUMNS,
    )


def _headline(training, honest):
    for metric, paper in (("auc", published.AUC), ("accuracy", published.ACCURACY)):
        name = NAMES[metric]
        yield row(
            f"{name}, training sample, assumed probability",
            paper,
            training.metric(metric, "train"),
            training,
            note=f"Labels: {training.labels}",
        )
        yield row(
            f"{name}, training sample, known fractions",
            None,
            training.metric(metric, "train", labels="known"),
            training,
        )
        yield row(
            f"{name}, held-out objects of the paper's protocol",
            None,
            training.metric(metric, "test"),
            training,
            "test",
            note="Only non-lenses are turned and made noisier, so augmentation tells the class",
        )
        yield row(
            f"{name}, honest: held-out objects, both classes augmented alike",
            None,
            honest and honest.metric(metric, "test"),
            honest,
            "test",
        )


def _checks(training, honest):
    for title, results in (("the paper's protocol", training), ("honest", honest)):
        yield row(
            f"AUC with shuffled labels (the null), {title}",
            None,
            results and _null(results),
            results,
            note="0.5 is expected; the error is the standard error over shuffles and runs",
        )
    both = [training.metric_runs("auc", "train", labels=m) for m in ("known", training.labels)]
    difference = over_runs(both[0] - both[1]) if both[0].shape == both[1].shape else None
    yield row(
        "AUC, known fractions minus assumed probability",
        published.KNOWN_AGAINST_ASSUMED,
        difference,
        training,
    )


def _null(results: Results) -> Measured | None:
    areas = results.rows("null", **results.model)["auc"].to_numpy(float)
    if areas.size < 2:
        return None
    error = float(areas.std(ddof=1) / np.sqrt(areas.size))
    return Measured(float(areas.mean()), error, f"{areas.size} shuffles")


def _features(training):
    where = {"sample": "train", "labels": training.labels, "cut": "none", "metric": "auc"}
    rows = training.rows("metrics_summary", **where).dropna(subset="mean")
    best = rows.loc[rows.groupby("scale")["mean"].idxmax()].set_index("scale")
    counts = sorted(training.settings["n_features"])
    said = "; ".join(
        f"{scale}: {one['n_features']} features, AUC {one['mean']:.4f} "
        f"({one['min']:.4f} to {one['max']:.4f})"
        for scale, one in best.iterrows()
    )
    several = len(counts) > 1 and "log" in best.index
    yield row(
        "best number of features, log scale",
        published.BEST_FEATURES,
        Measured(float(best.loc["log", "n_features"])) if several else None,
        training,
        note=f"Of {counts}. By the AUC of the training sample, which uses labels. Best {said}",
    )
    yield row(
        "better scale",
        published.BEST_SCALE,
        Measured(best["mean"].idxmax()) if len(best) > 1 else None,
        training,
        note=f"Best {said}",
    )


def _clusters(training):
    counts = training.rows("cluster_counts", **training.model)
    yield row(
        "share of all lenses in clusters of lens fraction >= 0.6",
        published.LENS_SHARE,
        over_runs(counts.get("lens_share_60", [])),
        training,
        judged=False,
    )
    titles = {
        "lens_60": "clusters of lens fraction >= 0.6",
        "non_lens_60": "clusters of non-lens fraction >= 0.6",
        "non_lens_70": "clusters of non-lens fraction >= 0.7",
        "non_lens_90": "clusters of non-lens fraction >= 0.9",
        "uncertain": "clusters between the two",
    }
    number = counts["n_clusters"].iloc[0] if len(counts) else "no"
    note = f"Of {number} clusters, the paper's of {published.N_CLUSTERS}"
    for name, title in titles.items():
        paper = published.CLUSTER_COUNTS[name]
        yield row(title, paper, over_runs(counts.get(name, [])), training, note=note, judged=False)


def _ratios(training):
    chosen = {**training.model, "labels": training.labels, "cut": "none", "metric": "auc"}
    rows = training.rows("metrics_summary", **chosen)
    rows = rows[rows["sample"].astype(str).str.startswith("test_1to")]
    spread = None
    if len(rows):
        aucs = ", ".join(f"{r.sample[5:].replace('to', ':')} {r.mean:.4f}" for r in _records(rows))
        spread = Measured(float(np.ptp(rows["mean"])), finite(rows["std"].mean()), aucs)
    yield row(
        "AUC of the test sets of table 1, largest minus smallest",
        published.RATIOS_ALIKE,
        spread,
        training,
        "test",
        note="A ROC does not depend on the proportion of lenses; the error is the mean standard "
        "deviation over runs",
    )
    yield row(
        "rates of the confusion matrix at 0.01 % lenses, largest change from the training sample",
        published.RARE_ALIKE,
        over_runs(_rate_change(training)),
        training,
        "test",
    )
    rare = training.rows("ranking", ratio=10_000)
    for selection in ("best 1000", "p > 0.5"):
        chosen = rare[rare["selection"] == selection] if len(rare) else rare
        found = None
        if len(chosen):
            low, high = chosen.iloc[0][["purity_min", "purity_max"]]
            found = Measured(float(chosen.iloc[0]["purity_mean"]), None, f"{low:.2g} to {high:.2g}")
        yield row(
            f"purity at one lens in 10,001 images, {selection}",
            None,
            found,
            training,
            "test",
            note="What the ROC does not show",
        )


def _records(rows):
    """Return rows as objects whose fields may be called as the methods of a Series are."""
    return list(rows[["sample", "mean"]].itertuples(index=False, name="Row"))


def _rate_change(training):
    """Return for each run the larger change of recall and true negative rate, train to 1:10000."""
    rates = []
    for sample in ("train", "test_1to10000"):
        tp, fp, fn, tn = (training.metric_runs(n, sample) for n in ("tp", "fp", "fn", "tn"))
        with np.errstate(invalid="ignore"):
            rates.append(np.array([tp / (tp + fn), tn / (tn + fp)]))
    if rates[0].shape != rates[1].shape:
        return []
    return np.abs(rates[0] - rates[1]).max(axis=0)


def _appendix(training):
    table = training.tables.get("appendix_a", pd.DataFrame())
    counts = table["n_features"].iloc[0] if len(table) else "no"
    note = f"Linear scale, {counts} features (paper: 20), mixture refitted"
    yield row(
        "appendix A: purity of the clusters of source-only images",
        published.SOURCE_PURITY,
        over_runs(table.get("purity", [])),
        training,
        note=note,
        judged=False,
    )
    yield row(
        "appendix A: largest share of the non-lenses (blank images) in one cluster",
        published.BLANK_TOGETHER,
        over_runs(table.get("non_lenses_together", [])),
        training,
        note=note,
        judged=False,
    )
