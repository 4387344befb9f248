"""What rules read: scores of the headline model, what ranks beside it, and injected sources.

Snakemake reads this at start-up, so it loads nothing.
"""

from lensflow.evaluate.rankers import RANKERS
from lensflow.experiment import OWN_SAMPLES, Experiment


def finder_samples(experiment: Experiment) -> list[str]:
    """Return the samples on which the headline model is a finder: held out, or applied to.

    Where nothing is held out it is the training sample itself.
    """
    return [experiment.headline_sample, *experiment.settings["apply_to"]]


def finder_inputs(experiment: Experiment) -> dict[str, list[str]]:
    """Return the files by the names of `lensflow.evaluate.finder.evaluate_finder_stage`."""
    samples = finder_samples(experiment)
    by_sample = [experiment.headline_paths(f"scores_{sample}.csv") for sample in samples]
    return {
        "scores": [path for paths in by_sample for path in paths],
        "train": experiment.headline_paths("scores_train.csv"),
        "embeddings": [experiment.headline_path(f"embeddings_{sample}.h5") for sample in samples],
        "indices": [experiment.sample_dataset(sample).index_path for sample in samples],
        "rankers": experiment.table_path("rankers"),
    }


def sample_rankers(experiment: Experiment) -> dict[str, list[str]]:
    """Return what ranks each sample with true labels beside the finder, but what is scored."""
    return {
        sample: [name for name in experiment.rankers(sample) if RANKERS[name].score]
        for sample in finder_samples(experiment)
        if experiment.sample_dataset(sample).is_labelled
    }


def ranker_inputs(experiment: Experiment) -> dict[str, list[str]]:
    """Return the files by the names of `lensflow.evaluate.beside.score_rankers_stage`."""
    rankers, files, scale = sample_rankers(experiment), {}, experiment.model["scale"]
    sees_images = any(RANKERS[name].needs_images for names in rankers.values() for name in names)
    if rankers:
        files["train_embeddings"] = experiment.headline_paths("embeddings_train.h5")
    if sees_images:
        files["train_stacks"] = experiment.stack_paths(scale, "stacks", "train")
    for sample in rankers:
        files[f"scores_{sample}"] = experiment.headline_paths(f"scores_{sample}.csv")
        files[f"embeddings_{sample}"] = experiment.headline_paths(f"embeddings_{sample}.h5")
        files[f"arcs_{sample}"] = experiment.needed_arcs_paths(sample)
        if sees_images and sample in OWN_SAMPLES:
            files[f"stacks_{sample}"] = experiment.stack_paths(scale, "stacks", sample)
        elif sees_images:
            files[f"images_{sample}"] = experiment.sample_dataset(sample).image_paths
    return files


def completeness_inputs(experiment: Experiment, dataset: str) -> dict[str, list[str]]:
    """Return what the completeness of a dataset's list is measured from, by injected sources."""
    files = {}
    samples = {
        "survey": experiment.candidate_sample(dataset),
        "injected": experiment.injected_sample(dataset),
    }
    for role, sample in samples.items():
        files[f"{role}_scores"] = experiment.headline_paths(f"scores_{sample}.csv")
        files[f"{role}_arcs"] = experiment.unjudged_arcs_paths(sample)
    return {**files, "images": experiment.injected_image_paths(dataset)}
