"""The checked configuration, the wildcards, and the lists of files that rules ask for.

NEEDS: config.yaml
MAKES: nothing; every rule stands in another file.
"""

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

LIBRARY = Path(workflow.basedir) / "scripts"
sys.path.insert(0, str(LIBRARY))

import lensflow
from lensflow.code_hash import stage_hash
from lensflow.config import complete, effective, used_datasets
from lensflow.errors import ConfigError
from lensflow.execution import check_accounting, check_executor, check_profile

if Path(lensflow.__file__).parents[1] != LIBRARY:
    raise WorkflowError(
        f"Another package called lensflow hides the workflow's own: {lensflow.__file__}. "
        "Remove it from PYTHONPATH or uninstall it."
    )

try:
    # With --directory, Snakemake has left the folder it was started in; the shell knows it.
    started_in = os.environ.get("PWD") if workflow.overwrite_workdir else None
    check_profile(sys.argv, Path(started_in or Path.cwd()), Path(workflow.basedir))
    config = complete(config)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

DATASETS = config["datasets"]
EXPERIMENTS = config["experiments"]


wildcard_constraints:
    dataset="|".join(DATASETS),
    experiment="|".join(EXPERIMENTS),
    scale="log|linear",
    features=r"\d+",
    run=r"\d+",
    shard=r"\d+",
    sample=r"train|test|" + "|".join(DATASETS),
    part="train|test",
    method="known|stand_in",


RUN = "results/{experiment}/{scale}/features_{features}/run_{run}"


def experiment(wildcards):
    """Return the configuration of the experiment."""
    return EXPERIMENTS[wildcards.experiment]


def dataset_of(wildcards):
    """Return the name of the dataset that the experiment trains on."""
    return experiment(wildcards)["dataset"]


def preset(wildcards):
    """Return the preset of the experiment."""
    return config["presets"][experiment(wildcards)["preset"]]


def split_samples(wildcards):
    """Return the samples that the experiment's own dataset is split into."""
    unlabelled = experiment(wildcards)["protocol"] == "unlabelled"
    return ["train"] if unlabelled else ["train", "test"]


def samples(wildcards):
    """Return every sample that is embedded and scored."""
    return [*split_samples(wildcards), *experiment(wildcards)["apply_to"]]


def sample_dataset(wildcards):
    """Return the dataset that the sample's images come from."""
    return (
        dataset_of(wildcards)
        if wildcards.sample in ("train", "test")
        else wildcards.sample
    )


def n_shards(wildcards):
    """Return the number of shards of a sample."""
    if wildcards.sample in ("train", "test"):
        return experiment(wildcards)["shards"]
    return DATASETS[wildcards.sample]["shards"]


def image_shards(name):
    """Return the image shards of a dataset, in order."""
    return [
        f"results/data/{name}/images/shard_{i}.h5"
        for i in range(DATASETS[name]["shards"])
    ]


def n_components(wildcards):
    """Return the number of clusters: the number of features unless configured."""
    number = experiment(wildcards)["mixture"]["n_components"]
    return int(wildcards.features) if number is None else number


def run_folders(name, scale=None, features=None):
    """Return the folders of all models of an experiment."""
    entry = EXPERIMENTS[name]
    return [
        f"results/{name}/{s}/features_{d}/run_{r}"
        for s in ([scale] if scale else entry["scales"])
        for d in ([features] if features else entry["n_features"])
        for r in range(entry["runs"])
    ]


def label_table(wildcards, method):
    """Return the table of cluster labels of one method: made by a rule, or a person's own."""
    if method == "person":
        return experiment(wildcards)["person_labels"].format(
            scale=wildcards.scale,
            n_features=wildcards.features,
            run=wildcards.run,
        )
    return f"{RUN}/cluster_labels_{method}.csv".format(**wildcards)


def label_tables(wildcards):
    """Return the tables of cluster labels of all methods of the experiment."""
    return [
        label_table(wildcards, method) for method in experiment(wildcards)["labels"]
    ]


def headline(name):
    """Return the scale and the number of features that an experiment is judged by."""
    entry = EXPERIMENTS[name]
    return entry["headline"]["scale"], entry["headline"]["n_features"]


def candidate_labels(name):
    """Return the judgement that ranks candidates: a person's where there is one."""
    methods = EXPERIMENTS[name]["labels"]
    return "person" if "person" in methods else methods[0]


def is_labelled(name):
    """Say whether a dataset comes with labels."""
    return DATASETS[name]["kind"] != "fits" or DATASETS[name]["catalogue"] is not None


def megabytes(base, per_input=1.0):
    """Return a memory request (MB) that grows with the input's size and with each attempt."""

    def request(wildcards, input, attempt):
        return int((base + per_input * input.size_mb) * 2 ** (attempt - 1))

    return request


def minutes(base, per_gigabyte=0.0):
    """Return a run time (minutes) that grows with the input's size and with each attempt."""

    def request(wildcards, input, attempt):
        return (
            int((base + per_gigabyte * input.size_mb / 1000) * 2 ** (attempt - 1)) + 1
        )

    return request


onstart:
    try:
        check_executor(
            os.environ.get("LENSFLOW_EXECUTOR"), workflow.executor_plugin.name
        )
        if workflow.executor_plugin.name == "slurm":
            check_accounting(workflow.executor_settings.status_command)
    except ConfigError as error:
        raise WorkflowError(str(error)) from None


def simulated_parts(wildcards):
    """Return the catalogue parts of all shards of a simulated dataset."""
    return [
        f"results/data/{wildcards.dataset}/simulated/Data.{i}/catalogue_part.csv"
        for i in range(DATASETS[wildcards.dataset]["shards"])
    ]


def cutout_folder(wildcards):
    """Return the folder that holds the FITS files of a dataset."""
    if DATASETS[wildcards.dataset]["kind"] == "simulate":
        return f"results/data/{wildcards.dataset}/simulated"
    return DATASETS[wildcards.dataset]["path"]


def cutout_sources(wildcards):
    """Return what must exist before a dataset's files are listed."""
    if DATASETS[wildcards.dataset]["kind"] != "simulate":
        catalogue = DATASETS[wildcards.dataset]["catalogue"]
        return [cutout_folder(wildcards), *([catalogue] if catalogue else [])]
    folder = cutout_folder(wildcards)
    shards = range(DATASETS[wildcards.dataset]["shards"])
    return [
        f"{folder}/classifications.csv",
        *(f"{folder}/Data.{i}/Public" for i in shards),
    ]


def training_stacks(kind):
    """Return a function that lists the training sample's shards, prepared or denoised."""

    def shards(wildcards):
        folder = f"results/{wildcards.experiment}/{wildcards.scale}/{kind}/train"
        return [
            f"{folder}/shard_{i}.h5" for i in range(experiment(wildcards)["shards"])
        ]

    return shards


def training_minutes(network):
    """Return the run time (minutes) that a training asks for: its epochs on a slow GPU."""

    def request(wildcards, input, attempt):
        side = preset(wildcards)["image_size"]
        images = input.size_mb * 1e6 / (4 * side**2)
        seconds = preset(wildcards)["training"][network]["epochs"] * images / 200
        return int((30 + seconds / 60) * attempt)

    return request


def sample_shards(wildcards, kind, suffix):
    """Return the files of all shards of a sample of one model."""
    folder = f"{RUN}/{kind}/{wildcards.sample}".format(**wildcards)
    return [f"{folder}/shard_{i}.{suffix}" for i in range(n_shards(wildcards))]


def training_embeddings(wildcards):
    """Return the shards of the training sample's embeddings."""
    folder = f"{RUN}/embeddings/train".format(**wildcards)
    return [f"{folder}/shard_{i}.h5" for i in range(experiment(wildcards)["shards"])]


def all_runs(pattern):
    """Return a function that lists a file of every model (and sample) of an experiment."""

    def files(wildcards):
        folders = run_folders(wildcards.experiment)
        if "{sample}" not in pattern:
            return [f"{folder}/{pattern}" for folder in folders]
        names = [pattern.format(sample=sample) for sample in samples(wildcards)]
        return [f"{folder}/{name}" for folder in folders for name in names]

    return files


def stack_shards(kind, part):
    """Return a function that lists the stacks of a sample; none where it does not exist."""

    def shards(wildcards):
        if part not in split_samples(wildcards):
            return []
        folder = f"results/{wildcards.experiment}/{wildcards.scale}/{kind}/{part}"
        return [
            f"{folder}/shard_{i}.h5" for i in range(experiment(wildcards)["shards"])
        ]

    return shards


def baseline_tables(wildcards):
    """Return the tables of the baselines, where they are asked for and have labels to use."""
    if not experiment(wildcards)["baselines"] or not is_labelled(dataset_of(wildcards)):
        return []
    folder = f"results/{wildcards.experiment}"
    return [
        f"{folder}/{scale}/baselines.csv" for scale in experiment(wildcards)["scales"]
    ]


def headline_scores(wildcards):
    """Return the scores of a dataset by the runs of the headline model."""
    scale, features = headline(wildcards.experiment)
    folders = run_folders(wildcards.experiment, scale, features)
    return [f"{folder}/scores_{wildcards.dataset}.csv" for folder in folders]


def candidate_tables(wildcards):
    """Return the candidate tables of the experiments that are to be built."""
    return [
        f"results/{name}/candidates_{dataset}.csv"
        for name in config["run"]
        for dataset in EXPERIMENTS[name]["apply_to"]
    ]


def report_inputs(wildcards):
    """Return what the report of the chosen experiments shows."""
    files = []
    for name in config["run"]:
        folder = f"results/{name}"
        tables = ["config.yaml", "metrics_summary.csv", "null.csv", "baselines.csv"]
        files += [f"{folder}/{table}" for table in tables]
        files += [*experiment_figures(name), *paper_tables(name)]
    return [*files, *candidate_tables(wildcards)]


def backup_folder(wildcards):
    """Return where a training keeps its state while it runs: a folder for each network."""
    return str(Path(config["backup_folder"], *wildcards))
