"""What the numbers say, in sentences that are computed from them."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lensflow.cluster.judgements import TRUE_FRACTIONS
from lensflow.evaluate.null import mean_of_null
from lensflow.experiment import Experiment
from lensflow.files import tables
from lensflow.report.contents import Findings

REPRESENTATION_NAMES = {
    "pca_raw": "PCA of the images",
    "pca_denoised": "PCA of the denoised images",
    "pca_raw_d4": "PCA of the images, averaged over turns and mirrors like the embedding",
    "pca_denoised_d4": "PCA of the denoised images, averaged over turns and mirrors like the "
    "embedding",
}


def data_sentences(findings: Findings) -> list[str]:
    """Say in plain words what each dataset is; simulated images are called so."""
    experiment = findings.experiment
    roles = {experiment.dataset.name: "Trained on"}
    roles |= dict.fromkeys(experiment.settings["apply_to"], "Applied to")
    # What is neither is there for its lenses.
    return [
        f"{roles.get(dataset.name, 'Lenses injected from')} {dataset.name}: {dataset.words}"
        for dataset in experiment.datasets
    ]


def is_simulated(findings: Findings) -> bool:
    """Tell whether any dataset of the experiment is simulated."""
    return any(dataset.is_simulated for dataset in findings.experiment.datasets)


def sample_words(experiment: Experiment) -> str:
    """Say on which images the headline numbers are."""
    held_out = experiment.held_out_sample
    return f"held-out objects (sample “{held_out}”)" if held_out else "the training sample itself"


def ranking_sentence(findings: Findings) -> str:
    """Say whose judgement ranks the candidates, and what else has a part in p."""
    judgement = findings.experiment.judgement
    sentence = f"Ranked by “{judgement.name}”: {judgement.words}"
    further = list(_beside_the_clusters(findings.experiment))
    if not (judgement.gives_probabilities and further):
        return sentence
    return f"{sentence} Not the clusters alone make p: {'; '.join(further)}."


def _beside_the_clusters(experiment: Experiment) -> Iterator[str]:
    if n_further := experiment.settings["mixture"]["spread"]:
        yield f"{n_further} further mixtures"
    if experiment.beside:
        yield "beside it " + ", ".join(other.name for other in experiment.beside)
    if experiment.students:
        yield "networks that learned what the clusters say (" + ", ".join(experiment.students) + ")"
    if experiment.has_head:
        yield "single images that people graded (" + ", ".join(experiment.grade_paths) + ")"


def is_scored(findings: Findings) -> bool:
    """Tell whether true classes score the ranking of the sample that counts.

    Where there is no table of scores at all, something is missing, and not the classes.
    """
    summary = findings.tables["metrics_summary"]
    return summary is None or not tables.rows_where(summary, findings.headline).empty


def completeness_sentences(findings: Findings) -> list[str]:
    """Say how many of the known lenses are found, with the interval."""
    sentences = []
    for dataset, table in findings.completeness.items():
        for row in table.itertuples():
            if not row.n_known:
                sentences.append(f"{dataset}: none of the known lenses is in the dataset.")
                break
            low, high = 100 * row.completeness_low, 100 * row.completeness_high
            sentences.append(
                f"{dataset}, {row.selection}: {row.n_found} of {row.n_known} known lenses, "
                f"{100 * row.completeness:.3g} % ({low:.3g} to {high:.3g}, 68 %)."
            )
    return sentences


def spread(row: pd.Series | None) -> str:
    """Write a metric as its mean, its range over runs and its bootstrap interval."""
    if row is None or not np.isfinite(row["mean"]):
        return "not available"
    text = f"{row['mean']:.3f}"
    n_runs = int(row.get("n_runs", 1))
    if n_runs > 1:
        text += f" ({row['min']:.3f} to {row['max']:.3f} over {n_runs} runs)"
    else:
        text += " (one run)"
    low, high = row.get("boot_low", np.nan), row.get("boot_high", np.nan)
    if np.isfinite(low) and np.isfinite(high):
        text += f"; bootstrap over objects {low:.3f} to {high:.3f} (68 %)"
    return text


def null_sentence(findings: Findings) -> tuple[str, bool]:
    """Say what shuffled labels give, and whether that is 0.50 within three standard errors.

    Returns
    -------
    sentence : str
    ok : bool
        False where the null is missing or is not 0.50.
    """
    null = findings.tables["null"]
    where = findings.experiment.model
    found = None if null is None else mean_of_null(tables.rows_where(null, where))
    if found is None or found.n_shuffles < 2:
        return "The null was not computed: no labels were shuffled.", False
    mean, error, n_shuffles = found
    ok = bool(abs(mean - 0.5) <= 3 * error)
    verdict = "consistent with 0.50" if ok else "NOT consistent with 0.50: something leaks"
    return f"Shuffled labels give {mean:.3f} ± {error:.3f} ({n_shuffles} shuffles): {verdict}.", ok


def pca_sentences(findings: Findings) -> list[str]:
    """Say for each way of labelling whether the encoder wins over PCA."""
    metrics, baselines = findings.tables["metrics"], findings.tables["baselines"]
    if metrics is None or baselines is None or baselines.empty:
        return ["The comparison with principal components (PCA) was not made."]
    sentences, title = [], findings.experiment.encoder.title
    for labels in findings.experiment.judgements:
        where = {**findings.headline, "labels": labels}
        ours = tables.rows_where(metrics, where)["auc"].dropna()
        theirs = tables.rows_where(baselines, where)
        best = theirs.groupby("representation")["auc"].mean()
        if len(ours) and len(best):
            winner = best.idxmax()
            rivals = theirs.loc[theirs["representation"] == winner, "auc"]
            sentences.append(f"Labels {labels}: {_verdict(title, ours, rivals, winner)}")
    return sentences or [
        "Principal components (PCA) were judged by true fractions and this experiment was not: add "
        f"`{TRUE_FRACTIONS}` to its labels to compare the two."
    ]


def _verdict(title, ours, rivals, winner):
    name = REPRESENTATION_NAMES.get(winner, winner)
    numbers = f"AUC {ours.mean():.3f} against {rivals.mean():.3f} for the better PCA ({name})"
    if ours.mean() <= rivals.mean():
        return f"the {title} does not win over PCA: {numbers}."
    if len(ours) < 2 or ours.min() <= rivals.max():
        reason = "there is one run only" if len(ours) < 2 else "the ranges over runs overlap"
        return f"the {title} does not win over PCA beyond the scatter: {numbers}, but {reason}."
    return f"the {title} wins over PCA in every run: {numbers}."


def warnings_of(findings: Findings) -> list[str]:
    """Return what a reader must know before believing the numbers."""
    found = [text for model in findings.models for text in _model_warnings(model)]
    for dataset, table in findings.quarantine.items():
        if table is not None and len(table):
            counts = table["reason"].str.split(":").str[0].value_counts()
            reasons = "; ".join(f"{n} × {reason}" for reason, n in counts.head(5).items())
            files = "file or row" if len(table) == 1 else "files or rows"
            found.append(f"{dataset}: {len(table):,} {files} in quarantine ({reasons}).")
    sentence, ok = null_sentence(findings)
    if not ok and findings.tables["null"] is not None and is_scored(findings):
        found.append(sentence)
    return found


def _model_warnings(model):
    if model.clusters and not model.clusters["converged"]:
        yield (
            f"{model.name}: the mixture did not converge in {model.clusters['n_iter']} iterations; "
            "raise mixture.max_iter in config.yaml."
        )
    if dead := int(model.training.get("dead_units", 0)):
        yield (
            f"{model.name}: {dead} of {model.run.n_features} features are dead (the same value for "
            "every image)."
        )
    loss, constant = (model.training.get(key) for key in ("held_out_loss", "constant_loss"))
    if loss is not None and constant is not None and loss >= constant:
        yield (
            f"{model.name}: the encoder's held-out loss {loss:.4f} is no better than that of "
            f"one constant image ({constant:.4f}); it learned nothing."
        )
