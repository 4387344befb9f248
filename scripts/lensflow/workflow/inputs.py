"""What the rule `evaluate_finder` reads: scores of the headline model, of the samples it ranks.

Snakemake reads this at start-up, so it loads nothing.
"""

from lensflow.experiment import Experiment


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
    }
