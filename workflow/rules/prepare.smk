"""Which object goes where, and the stacks that the networks see.

NEEDS: results/data/<dataset>/index.h5 and images/shard_<i>.h5
MAKES: results/<experiment>/config.yaml, split.csv, datasets.csv, <scale>/stacks/<train|test>/shard_<i>.h5
"""


rule save_config:
    """Keep the effective configuration of an experiment beside its results."""
    output:
        config="results/{experiment}/config.yaml",
    log:
        "results/logs/{experiment}/save_config.log",
    benchmark:
        "results/benchmarks/{experiment}/save_config.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(200),
        runtime=minutes(5),
    params:
        text=lambda wildcards: effective(config, wildcards.experiment),
    script:
        "../../scripts/save_config.py"


rule split_dataset:
    """Assign the objects of the dataset to the training and the test sample."""
    input:
        index=lambda wildcards: experiment(wildcards).dataset.index_path,
    output:
        split="results/{experiment}/split.csv",
    log:
        "results/logs/{experiment}/split_dataset.log",
    benchmark:
        "results/benchmarks/{experiment}/split_dataset.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(500, 5),
        runtime=minutes(20),
    params:
        protocol=lambda wildcards: experiment(wildcards).protocol,
        fraction=lambda wildcards: experiment(wildcards).settings["fraction"],
        seed=config["seed"],
        code=stage_hash("split_dataset.py"),
    script:
        "../../scripts/split_dataset.py"


rule check_datasets:
    """Count the images of every dataset of an experiment; trainings wait for it."""
    input:
        indexes=lambda wildcards: [
            dataset.index_path for dataset in experiment(wildcards).datasets
        ],
        split="results/{experiment}/split.csv",
    output:
        datasets="results/{experiment}/datasets.csv",
    log:
        "results/logs/{experiment}/check_datasets.log",
    benchmark:
        "results/benchmarks/{experiment}/check_datasets.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(500, 5),
        runtime=minutes(10),
    params:
        names=lambda wildcards: [
            dataset.name for dataset in experiment(wildcards).datasets
        ],
        n_components=lambda wildcards: experiment(wildcards).most_components,
        code=stage_hash("check_datasets.py"),
    script:
        "../../scripts/check_datasets.py"


rule prepare_stack:
    """Scale one shard of a sample, with its quarter turns and its noise."""
    input:
        split="results/{experiment}/split.csv",
        index=lambda wildcards: experiment(wildcards).dataset.index_path,
        images=lambda wildcards: experiment(wildcards).dataset.image_paths,
    output:
        stack="results/{experiment}/{scale}/stacks/{part}/shard_{shard}.h5",
    log:
        "results/logs/{experiment}/{scale}/prepare_stack_{part}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/prepare_stack_{part}_{shard}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        in_turn=1,
        mem_mb=megabytes(1500, 0.01),
        runtime=minutes(10, 2),
    params:
        n_shards=lambda wildcards: experiment(wildcards).settings["shards"],
        image_size=lambda wildcards: experiment(wildcards).preset["image_size"],
        noise_fraction=lambda wildcards: experiment(wildcards).settings[
            "noise_fraction"
        ],
        seed=config["seed"],
        code=stage_hash("prepare_stack.py"),
    script:
        "../../scripts/prepare_stack.py"
