"""Lists of files, and choices of rows, for the rules of the results of the paper.

NEEDS: common.smk
MAKES: nothing; every rule stands in another file.
"""

from lensflow.paper import publication

SOURCES = f"{RUN}/sources"


def compared():
    """Return the experiments under `run` that are put beside the paper's numbers."""
    return [name for name in config["run"] if EXPERIMENTS[name]["compare_paper"]]


def partner(name, role):
    """Return the experiment that stands beside another in a role, where it is under `run`."""
    wanted = (EXPERIMENTS[name]["compare_paper"] or {}).get(role)
    return wanted if wanted in config["run"] else None


def paper_tables(name):
    """Return the tables of an experiment that the paper has too."""
    entry = EXPERIMENTS[name]
    tables = []
    if is_labelled(entry["dataset"]):
        tables += ["clusters.csv", "cluster_counts.csv"]
    tables += ["table1.csv", "ranking.csv"] if entry["protocol"] == "paper" else []
    tables += ["appendix_a.csv"] if entry["appendix_a"] else []
    tables += ["table2.csv"] if entry["compare_paper"] else []
    return [f"results/{name}/{table}" for table in tables]


def compared_files(name):
    """Return what the comparison reads of an experiment."""
    evaluated = [
        "config.yaml",
        "metrics.csv",
        "metrics_summary.csv",
        "roc.csv",
        "null.csv",
    ]
    files = [f"results/{name}/{table}" for table in evaluated]
    return files + [
        path for path in paper_tables(name) if not path.endswith("table2.csv")
    ]


def comparison_inputs(wildcards):
    """Return what the comparison of all experiments reads."""
    names = []
    for name in compared():
        names += [name, partner(name, "honest"), partner(name, "challenge")]
    return [
        path for name in dict.fromkeys(names) if name for path in compared_files(name)
    ]


def result_folder(name):
    """Return the folder of an experiment; None for none."""
    return name and f"results/{name}"


def appendix_features(name):
    """Return the number of features of appendix A: the paper's 20 where they are trained."""
    entry = EXPERIMENTS[name]
    wanted = entry["appendix_a"]["n_features"]
    if wanted is not None:
        return wanted
    return 20 if 20 in entry["n_features"] else headline(name)[1]


def appendix_runs(name):
    """Return scale, number of features and number of every run of appendix A."""
    features = appendix_features(name)
    return [("linear", features, run) for run in range(EXPERIMENTS[name]["runs"])]


def appendix_files(pattern, sharded=False):
    """Return a function that lists a file of every run of appendix A, or of all their shards."""

    def files(wildcards):
        name = wildcards.experiment
        shards = range(DATASETS[EXPERIMENTS[name]["dataset"]]["shards"])
        folders = [
            SOURCES.format(experiment=name, scale=scale, features=features, run=run)
            for scale, features, run in appendix_runs(name)
        ]
        if not sharded:
            return [f"{folder}/{pattern}" for folder in folders]
        names = [pattern.format(shard=shard) for shard in shards]
        return [f"{folder}/{file}" for folder in folders for file in names]

    return files


def first_appendix_shards(wildcards):
    """Return the shards of the first run's embeddings of the sources."""
    shards = appendix_files("shard_{shard}.h5", sharded=True)(wildcards)
    return shards[: len(shards) // experiment(wildcards)["runs"]]


# The experiments of `make published` in their roles.


PUBLISHED = {
    "training": "small_paper",
    "honest": "small_honest",
    "challenge": "small_challenge",
}
