"""Rows of the comparison about the training set: sections 4.1 to 4.2.2 of the paper, appendix A.

Each function yields rows of `lensflow.paper.rows` from the results of the paper's protocol on the
training set (`training`) and, or None, of the same objects augmented alike (`honest`).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lensflow.cluster.judgements import TRUE_FRACTIONS
from lensflow.evaluate.null import mean_of_null
from lensflow.evaluate.resampling import TABLE1_RATIOS, ratio_sample
from lensflow.evaluate.selection import UNCUT
from lensflow.paper import numbers
from lensflow.paper.results import Measured, Results, finite, over_runs
from lensflow.paper.rows import NAMES, Row, row

RAREST = ratio_sample("test", TABLE1_RATIOS[-1])
"""The test set with the fewest lenses."""


def headline_rows(training: Results, honest: Results | None) -> Iterator[Row]:
    """Yield AUC and accuracy of the headline model, by each judgement and held out."""
    for metric, paper in (("auc", numbers.AUC), ("accuracy", numbers.ACCURACY)):
        name = NAMES[metric]
        yield row(
            f"{name}, training sample, assumed probability",
            paper,
            training.metric(metric, "train"),
            training,
            note=f"Labels: {training.judgement}",
        )
        yield row(
            f"{name}, training sample, known fractions",
            None,
            training.metric(metric, "train", labels=TRUE_FRACTIONS),
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


def check_rows(training: Results, honest: Results | None) -> Iterator[Row]:
    """Yield the null of both protocols, and what true fractions add."""
    for title, results in (("the paper's protocol", training), ("honest", honest)):
        yield row(
            f"AUC with shuffled labels (the null), {title}",
            None,
            results and _null(results),
            results,
            note="0.5 is expected; the error is the standard error over shuffles",
        )
    judgements = (TRUE_FRACTIONS, training.judgement)
    both = [training.metric_runs("auc", "train", labels=judgement) for judgement in judgements]
    difference = over_runs(both[0] - both[1]) if both[0].shape == both[1].shape else None
    yield row(
        "AUC, known fractions minus assumed probability",
        numbers.KNOWN_AGAINST_ASSUMED,
        difference,
        training,
    )


def _null(results: Results) -> Measured | None:
    null = mean_of_null(results.rows("null", **results.experiment.model))
    if null.n_shuffles < 2:
        return None
    return Measured(null.auc, null.error, f"{null.n_shuffles} shuffles")


def feature_rows(training: Results) -> Iterator[Row]:
    """Yield the best number of features and the better scale (Fig. 7)."""
    where = {"sample": "train", "labels": training.judgement, "cut": UNCUT, "metric": "auc"}
    rows = training.rows("metrics_summary", **where).dropna(subset="mean")
    best = rows.loc[rows.groupby("scale")["mean"].idxmax()].set_index("scale")
    counts = sorted(training.experiment.settings["n_features"])
    said = "; ".join(
        f"{scale}: {one['n_features']} features, AUC {one['mean']:.4f} "
        f"({one['min']:.4f} to {one['max']:.4f})"
        for scale, one in best.iterrows()
    )
    several = len(counts) > 1 and "log" in best.index
    yield row(
        "best number of features, log scale",
        numbers.BEST_FEATURES,
        Measured(float(best.loc["log", "n_features"])) if several else None,
        training,
        note=f"Of {counts}. By the AUC of the training sample, which uses labels. Best {said}",
    )
    yield row(
        "better scale",
        numbers.BEST_SCALE,
        Measured(best["mean"].idxmax()) if len(best) > 1 else None,
        training,
        note=f"Best {said}",
    )


def cluster_rows(training: Results) -> Iterator[Row]:
    """Yield how many clusters there are of each kind (section 4.2.1)."""
    counts = training.rows("cluster_counts", **training.experiment.model)
    yield row(
        "share of all lenses in clusters of lens fraction >= 0.6",
        numbers.LENS_SHARE,
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
    n_clusters = counts["n_clusters"].iloc[0] if len(counts) else "no"
    note = f"Of {n_clusters} clusters, the paper's of {numbers.N_CLUSTERS}"
    for name, title in titles.items():
        paper = numbers.CLUSTER_COUNTS[name]
        yield row(title, paper, over_runs(counts.get(name, [])), training, note=note, judged=False)


def ratio_rows(training: Results) -> Iterator[Row]:
    """Yield what changes when lenses become rare, by the test sets of table 1 (section 4.2.2)."""
    yield row(
        "AUC of the test sets of table 1, largest minus smallest",
        numbers.RATIOS_ALIKE,
        _auc_spread(training),
        training,
        "test",
        note="A ROC does not depend on the proportion of lenses; the error is the mean standard "
        "deviation over runs",
    )
    yield row(
        "rates of the confusion matrix at 0.01 % lenses, largest change from the training sample",
        numbers.RARE_ALIKE,
        over_runs(_rate_change(training)),
        training,
        "test",
    )
    for selection in ("best 1000", "p > 0.5"):
        yield row(
            f"purity at one lens in 10,001 images, {selection}",
            None,
            _purity(training, selection),
            training,
            "test",
            note="What the ROC does not show",
        )


def _auc_spread(training: Results) -> Measured | None:
    """Return by how much the AUC differs between the test sets, and each AUC in words."""
    samples = {ratio_sample("test", ratio): f"1:{ratio}" for ratio in TABLE1_RATIOS}
    chosen = {**training.shown, "cut": UNCUT, "metric": "auc"}
    rows = training.rows("metrics_summary", **chosen, sample=list(samples))
    if rows.empty:
        return None
    said = zip(rows["sample"], rows["mean"], strict=True)
    aucs = ", ".join(f"{samples[sample]} {mean:.4f}" for sample, mean in said)
    return Measured(float(np.ptp(rows["mean"])), finite(rows["std"].mean()), aucs)


def _rate_change(training: Results) -> np.ndarray:
    """Return for each run the larger change of recall and true negative rate, train to 1:10000."""
    rates = []
    for sample in ("train", RAREST):
        tp, fp, fn, tn = (training.metric_runs(n, sample) for n in ("tp", "fp", "fn", "tn"))
        with np.errstate(invalid="ignore"):
            rates.append(np.array([tp / (tp + fn), tn / (tn + fp)]))
    if rates[0].shape != rates[1].shape:
        return np.empty(0)
    return np.abs(rates[0] - rates[1]).max(axis=0)


def _purity(training: Results, selection: str) -> Measured | None:
    rows = training.rows("ranking", ratio=TABLE1_RATIOS[-1], selection=selection)
    if rows.empty:
        return None
    mean, low, high = rows.iloc[0][["purity_mean", "purity_min", "purity_max"]]
    return Measured(float(mean), None, f"{low:.2g} to {high:.2g}")


def appendix_rows(training: Results) -> Iterator[Row]:
    """Yield how well the clusters of the sources alone separate the classes (appendix A)."""
    table = training.tables.get("appendix_a", pd.DataFrame())
    counts = table["n_features"].iloc[0] if len(table) else "no"
    note = f"Linear scale, {counts} features (paper: 20), mixture refitted"
    yield row(
        "appendix A: purity of the clusters of source-only images",
        numbers.SOURCE_PURITY,
        over_runs(table.get("purity", [])),
        training,
        note=note,
        judged=False,
    )
    yield row(
        "appendix A: largest share of the non-lenses (blank images) in one cluster",
        numbers.BLANK_TOGETHER,
        over_runs(table.get("non_lenses_together", [])),
        training,
        note=note,
        judged=False,
    )
