"""From a folder of FITS cutouts and its catalogue to checked image shards.

NEEDS: the dataset's folder (config.yaml), or results/data/<dataset>/simulated/
MAKES: results/data/<dataset>/manifest.h5, images/shard_<i>.h5, index.h5, quarantine.csv
"""


rule list_cutouts:
    """List the files of a dataset once and join them with the catalogue."""
    input:
        sources=lambda wildcards: dataset(wildcards).cutout_sources,
    output:
        manifest="results/data/{dataset}/manifest.h5",
        quarantine="results/data/{dataset}/quarantine_listing.csv",
    log:
        "results/logs/{dataset}/list_cutouts.log",
    benchmark:
        "results/benchmarks/{dataset}/list_cutouts.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(2000, 8),
        runtime=minutes(60),
    params:
        folder=lambda wildcards, input: dataset(wildcards).local_folder(input.sources),
        dataset=lambda wildcards: dataset(wildcards).image_entry,
        code=lambda wildcards: stage_hash(
            "list_cutouts.py", *dataset(wildcards).kind.modules
        ),
    script:
        "../../scripts/list_cutouts.py"


rule ingest_cutouts:
    """Read, check and store one shard of the cutouts."""
    input:
        manifest="results/data/{dataset}/manifest.h5",
        sources=lambda wildcards: dataset(wildcards).cutout_sources,
    output:
        images="results/data/{dataset}/images/shard_{shard}.h5",
        quarantine="results/data/{dataset}/images/quarantine_{shard}.csv",
    log:
        "results/logs/{dataset}/ingest_cutouts_{shard}.log",
    benchmark:
        "results/benchmarks/{dataset}/ingest_cutouts_{shard}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        in_turn=1,
        mem_mb=megabytes(1500),
        runtime=minutes(60),
    params:
        folder=lambda wildcards, input: dataset(wildcards).local_folder(input.sources),
        dataset=lambda wildcards: dataset(wildcards).image_entry,
        seed=config["seed"],
        code=lambda wildcards: stage_hash(
            "ingest_cutouts.py", *dataset(wildcards).kind.modules
        ),
    script:
        "../../scripts/ingest_cutouts.py"


rule build_index:
    """List the objects of all shards and everything that was left out."""
    input:
        images=lambda wildcards: dataset(wildcards).image_paths,
        quarantine=lambda wildcards: dataset(wildcards).shard_quarantine_paths,
        listing="results/data/{dataset}/quarantine_listing.csv",
    output:
        index="results/data/{dataset}/index.h5",
        quarantine="results/data/{dataset}/quarantine.csv",
    log:
        "results/logs/{dataset}/build_index.log",
    benchmark:
        "results/benchmarks/{dataset}/build_index.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1000, 0.02),
        runtime=minutes(30),
    params:
        dataset=lambda wildcards: dataset(wildcards).image_entry,
        code=stage_hash("build_index.py"),
    script:
        "../../scripts/build_index.py"
