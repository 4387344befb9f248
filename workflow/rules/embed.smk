"""Embeddings of every sample: GPU stages, a job a shard.

NEEDS: denoised stacks (train, test) or results/data/<dataset>/images/, and the trained networks
MAKES: results/<experiment>/<scale>/features_<d>/run_<r>/embeddings/<sample>/shard_<i>.h5
"""


rule embed_stack:
    """Embed one shard of the training or the test sample."""
    input:
        stack="results/{experiment}/{scale}/denoised/{part}/shard_{shard}.h5",
        index=lambda wildcards: experiment(wildcards).dataset.index_path,
        weights=f"{RUN}/autoencoder.weights.h5",
    output:
        embeddings=f"{RUN}/embeddings/{{part}}/shard_{{shard}}.h5",
    log:
        "results/logs/{experiment}/{scale}/embed_stack_{features}_{run}_{part}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/embed_stack_{features}_{run}_{part}_{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: config["math_threads"]
    resources:
        gpu=1,
        mem_mb=megabytes(4000, 0.1),
        runtime=minutes(15, 20),
    params:
        preset=lambda wildcards: experiment(wildcards).preset,
        backend=config["backend"],
        math_threads=config["math_threads"],
        code=stage_hash("embed_stack.py"),
    script:
        "../../scripts/embed_stack.py"


rule embed_images:
    """Denoise and embed one shard of a dataset that the models are applied to."""
    input:
        images="results/data/{sample}/images/shard_{shard}.h5",
        denoiser="results/{experiment}/{scale}/denoiser.weights.h5",
        weights=f"{RUN}/autoencoder.weights.h5",
    output:
        embeddings=f"{RUN}/embeddings/{{sample}}/shard_{{shard}}.h5",
    log:
        "results/logs/{experiment}/{scale}/embed_images_{features}_{run}_{sample}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/embed_images_{features}_{run}_{sample}_{shard}.tsv"
    wildcard_constraints:
        sample="|".join(PROJECT.datasets),
    conda:
        "../../envs/gpu.yaml"
    threads: config["math_threads"]
    resources:
        gpu=1,
        mem_mb=megabytes(4000, 0.1),
        runtime=minutes(15, 40),
    params:
        preset=lambda wildcards: experiment(wildcards).preset,
        denoised=lambda wildcards: (
            f"results/{wildcards.experiment}/{wildcards.scale}/denoised/"
            f"{wildcards.sample}/shard_{wildcards.shard}.h5"
            if experiment(wildcards).settings["write_denoised"]
            else None
        ),
        backend=config["backend"],
        math_threads=config["math_threads"],
        code=stage_hash("embed_images.py"),
    script:
        "../../scripts/embed_images.py"
