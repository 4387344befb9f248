"""Embeddings of every sample: GPU stages, a job a shard.

NEEDS: stacks (train, test) or results/data/<dataset>/images/, the denoiser and the encoder
MAKES: results/<experiment>/<scale>/features_<d>/run_<r>/embeddings/<sample>/shard_<i>.h5;
       when asked for, results/<experiment>/<scale>/denoised/<dataset>/shard_<i>.h5
"""


def encoder_path(wildcards):
    """Return the artifact of the experiment's encoder."""
    return experiment(wildcards).encoder_path(run(wildcards))


def encoder_input(wildcards):
    """Return the shard of a sample that the experiment's encoder sees."""
    stage = experiment(wildcards).encoder.input_stage
    part = wildcards.part
    paths = experiment(wildcards).stack_paths(wildcards.scale, stage, part)
    return paths[int(wildcards.shard)]


def needed_denoiser(wildcards):
    """Return the denoiser where the experiment's encoder sees denoised images."""
    chosen = experiment(wildcards)
    is_needed = chosen.encoder.input_stage == "denoised"
    return chosen.denoiser_path(wildcards.scale) if is_needed else []


rule embed_stack:
    """Embed one shard of the training or the test sample."""
    input:
        stack=encoder_input,
        index=lambda wildcards: experiment(wildcards).dataset.index_path,
        encoder=encoder_path,
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
        encoder=lambda wildcards: experiment(wildcards).encoder.name,
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
        denoiser=needed_denoiser,
        encoder=encoder_path,
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
        encoder=lambda wildcards: experiment(wildcards).encoder.name,
        preset=lambda wildcards: experiment(wildcards).preset,
        backend=config["backend"],
        math_threads=config["math_threads"],
        code=stage_hash("embed_images.py"),
    script:
        "../../scripts/embed_images.py"


rule denoise_images:
    """Keep the denoised images of one shard of a dataset; nothing needs them, so name them as a target."""
    input:
        images="results/data/{sample}/images/shard_{shard}.h5",
        denoiser="results/{experiment}/{scale}/denoiser.weights.h5",
    output:
        stack="results/{experiment}/{scale}/denoised/{sample}/shard_{shard}.h5",
    log:
        "results/logs/{experiment}/{scale}/denoise_images_{sample}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/denoise_images_{sample}_{shard}.tsv"
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
        backend=config["backend"],
        math_threads=config["math_threads"],
        code=stage_hash("denoise_images.py"),
    script:
        "../../scripts/denoise_images.py"
