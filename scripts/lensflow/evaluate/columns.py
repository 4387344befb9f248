"""Columns of the tables that the evaluation writes."""

METRICS = ("auc", "tpr0", "tpr10", "recall", "precision", "f1", "accuracy", "tp", "fp", "fn", "tn")
METRICS_COLUMNS = [
    *("scale", "n_features", "run", "sample", "labels", "cut", "n_lens", "n_nonlens"),
    *METRICS,
]
BASELINE_COLUMNS = [*METRICS_COLUMNS[:3], "representation", *METRICS_COLUMNS[3:]]
GROUP = ["scale", "n_features", "sample", "labels", "cut"]
"""What the runs of one model share; ``labels`` is whose judgement gave the probabilities."""

SUMMARY_COLUMNS = [
    *GROUP,
    *("metric", "mean", "min", "max", "std", "n_runs", "boot_low", "boot_high"),
]
ROC_COLUMNS = [*GROUP, "fpr", "tpr_mean", "tpr_min", "tpr_max"]
NULL_COLUMNS = ["scale", "n_features", "run", "shuffle", "auc"]

DENSITY = "density"
"""Stands under ``labels`` for the ranking by density alone: unusual objects first, no label."""
DENSITY_ARCS = "density_arcs"
"""Stands there for the ranks of density and arc statistic, added."""
ALL_RUNS = "all"
"""Stands under ``run`` for the score that ranks candidates: the mean over the runs."""

RATES_COLUMNS = [
    *("sample", "labels", "run", "lens_fraction", "selection", "n_selected"),
    *("purity", "purity_low", "purity_high", "purity_expected"),
    *("completeness", "completeness_low", "completeness_high", "n_runs"),
]
RANKER_COLUMNS = ["sample", "labels", "id", "score"]
CALIBRATION_COLUMNS = [
    *("sample", "labels", "run", "prior", "binning", "bin", "p_low", "p_high", "n", "p_mean"),
    *("fraction", "fraction_low", "fraction_high", "n_runs"),
]
BRIER_COLUMNS = [
    *("sample", "labels", "run", "prior", "judged_fraction", "n", "lens_fraction", "p_mean"),
    *("brier", "reliability", "resolution", "uncertainty", "within_bins", "calibration_error"),
    "n_runs",
]
MISSED_COLUMNS = [
    *("sample", "labels", "selection", "by", "low", "high", "n_lens", "n_found"),
    *("completeness", "completeness_low", "completeness_high", "n_runs"),
]
