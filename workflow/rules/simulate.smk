"""Simulated cutouts in the layout of the Lens Finding Challenge 1.0.

NEEDS: a dataset of kind `simulate` in config.yaml
MAKES: results/data/<dataset>/simulated/Data.<shard>/, results/data/<dataset>/simulated/classifications.csv
"""


rule simulate_cutouts:
    """Simulate one shard of a dataset: public images, lens-only and source-only images."""
    output:
        images=directory("results/data/{dataset}/simulated/Data.{shard}/Public"),
        private=directory("results/data/{dataset}/simulated/Data.{shard}/Private"),
        catalogue="results/data/{dataset}/simulated/Data.{shard}/catalogue_part.csv",
    log:
        "results/logs/{dataset}/simulate_cutouts_{shard}.log",
    benchmark:
        "results/benchmarks/{dataset}/simulate_cutouts_{shard}.tsv"
    priority: lambda wildcards: scheduling.simulation_priority(wildcards.dataset, PROJECT.chosen)
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        in_turn=1,
        mem_mb=megabytes(1000),
        runtime=minutes(240),
    params:
        dataset=lambda wildcards: dataset(wildcards).image_entry,
        seed=config["seed"],
        code=stage_hash("simulate_cutouts.py"),
    script:
        "../../scripts/simulate_cutouts.py"


rule merge_catalogues:
    """Join the catalogues of the shards into the challenge's classifications.csv."""
    input:
        parts=lambda wildcards: dataset(wildcards).simulated_parts,
    output:
        catalogue="results/data/{dataset}/simulated/classifications.csv",
    log:
        "results/logs/{dataset}/merge_catalogues.log",
    benchmark:
        "results/benchmarks/{dataset}/merge_catalogues.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(500, 3),
        runtime=minutes(10),
    params:
        code=stage_hash("merge_catalogues.py"),
    script:
        "../../scripts/merge_catalogues.py"
