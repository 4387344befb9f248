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
