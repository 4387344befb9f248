"""Lists of files, and choices of rows, for the rules of figures.

NEEDS: common.smk
MAKES: nothing; every rule stands in another file.
"""

from lensflow.resampling import TABLE1_RATIOS

RATIO_SAMPLES = [f"test_1to{ratio}" for ratio in TABLE1_RATIOS]


def figure_dataset(wildcards):
    """Return the index and the image shards of the experiment's dataset."""
    return f"results/data/{dataset_of(wildcards)}/index.h5"


def headline_run(pattern, run=0):
    """Return a function that names a file of one run of the headline model."""

    def path(wildcards):
        scale, features = headline(wildcards.experiment)
        return f"results/{wildcards.experiment}/{scale}/features_{features}/run_{run}/{pattern}"

    return path


def headline_runs(pattern):
    """Return a function that names a file of every run of the headline model."""

    def paths(wildcards):
        scale, features = headline(wildcards.experiment)
        return [
            f"{folder}/{pattern}"
            for folder in run_folders(wildcards.experiment, scale, features)
        ]

    return paths


def headline_stacks(kind):
    """Return a function that lists the training stacks of the headline scale."""

    def stacks(wildcards):
        scale, _ = headline(wildcards.experiment)
        folder = f"results/{wildcards.experiment}/{scale}/{kind}/train"
        return [
            f"{folder}/shard_{i}.h5" for i in range(experiment(wildcards)["shards"])
        ]

    return stacks


def headline_where(**chosen):
    """Return a function that picks the rows of the headline model from a table."""

    def where(wildcards):
        scale, features = headline(wildcards.experiment)
        return {"scale": scale, "n_features": features, **chosen}

    return where


def headline_sample(wildcards):
    """Return the sample that headline numbers come from: held out where there is such."""
    return split_samples(wildcards)[-1]


def paper_sample(wildcards):
    """Return the sample of Figs. 7 and 8: the paper's is the training sample itself."""
    if experiment(wildcards)["protocol"] == "paper":
        return "train"
    return headline_sample(wildcards)


def histories(wildcards):
    """Return the histories of all trainings and their names, denoisers first."""
    name = wildcards.experiment
    denoisers = {
        f"{scale}": f"results/{name}/{scale}/denoiser_history.csv"
        for scale in EXPERIMENTS[name]["scales"]
    }
    autoencoders = {
        " ".join(folder.split("/")[2:]).replace(
            "_", " "
        ): f"{folder}/autoencoder_history.csv"
        for folder in run_folders(name)
    }
    return denoisers, autoencoders


def labelled_datasets(wildcards):
    """Return the datasets of an experiment whose lenses have known sizes."""
    names = [dataset_of(wildcards), *experiment(wildcards)["apply_to"]]
    return [name for name in dict.fromkeys(names) if is_labelled(name)]


def headline_shards(sample):
    """Return a function that lists the embedding shards of the headline model's first run."""

    def shards(wildcards):
        folder = headline_run(f"embeddings/{sample}")(wildcards)
        return [
            f"{folder}/shard_{i}.h5" for i in range(experiment(wildcards)["shards"])
        ]

    return shards


def source_shards(wildcards):
    """Return the image shards that hold the sources alone, where the dataset keeps them."""
    name = dataset_of(wildcards)
    return image_shards(name) if DATASETS[name].get("source_images") else []


def shown_labels(wildcards):
    """Return the judgement that the paper's figures are drawn for: the assumed one."""
    methods = experiment(wildcards)["labels"]
    return next(m for m in ("person", "stand_in", "known") if m in methods)


def shown_label_table(wildcards):
    """Return the table of cluster labels of the headline model's first run that is shown."""
    method = shown_labels(wildcards)
    if method != "person":
        return headline_run(f"cluster_labels_{method}.csv")(wildcards)
    scale, features = headline(wildcards.experiment)
    path = experiment(wildcards)["person_labels"]
    return path.format(scale=scale, n_features=features, run=0)


def cut_sample(wildcards):
    """Return the sample whose cut is shown: a labelled dataset applied to, else the headline's."""
    applied = [name for name in experiment(wildcards)["apply_to"] if is_labelled(name)]
    return applied[0] if applied else headline_sample(wildcards)


def experiment_figures(name):
    """Return the PNG figures of an experiment, in the order of the report."""
    entry = EXPERIMENTS[name]
    folder = f"results/{name}/figures"
    labelled = is_labelled(entry["dataset"])
    runs = [
        f"{scale}_features_{features}_run_{run}"
        for scale in entry["scales"]
        for features in entry["n_features"]
        for run in range(entry["runs"])
        if (scale, features) == headline(name)
    ]
    figures = ["class_examples"] if labelled else []
    figures += ["denoising", "reconstructions", "training", "architecture"]
    figures += [f"clusters_{run}" for run in runs] if labelled else []
    figures += [f"clusters_unlabelled_{run}" for run in runs[:1]]
    if labelled:
        figures += ["clusters_lens", "clusters_non_lens", "clusters_uncertain"]
        figures += ["judged_examples"] if entry["labels"] != ["known"] else []
        figures += ["label_methods", "confusion", "populations", "roc_cut", "null"]
        figures += ["auc_features"] if len(entry["n_features"]) > 1 else []
        figures += ["baselines"] if entry["baselines"] else []
        figures += (
            ["roc_ratios", "confusion_rare", "ranking"]
            if entry["protocol"] == "paper"
            else []
        )
    figures += ["mixture_illustration"] if entry["protocol"] == "paper" else []
    figures += ["clusters_sources"] if entry["appendix_a"] else []
    figures += ["table2"] if entry["compare_paper"] else []
    figures += [f"candidates_{dataset}" for dataset in entry["apply_to"]]
    return [f"{folder}/{figure}.png" for figure in figures]
