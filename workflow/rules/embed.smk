"""Embeddings and students' predictions of every sample, a job a shard: GPU stages of networks.

NEEDS: stacks (train, test) or results/data/<dataset>/images/, the denoiser, the encoder, the students
MAKES: results/<experiment>/<scale>/features_<d>/run_<r>/embeddings/<sample>/shard_<i>.h5,
       <encoder>.h5 where the encoder is no network, <student>/<judgement>/<sample>/shard_<i>.h5;
       when asked for, results/<experiment>/<scale>/denoised/<dataset>/shard_<i>.h5
"""

from lensflow.networks.kinds import STUDENTS


rule fit_encoder:
    """Fit an encoder that is no network to the training sample."""
    input:
        stacks=lambda wildcards: experiment(wildcards).encoder_input_paths(
            wildcards.scale, "train"
        ),
        datasets=ancient("results/{experiment}/datasets.csv"),
    output:
        encoder=f"{RUN}/{{encoder}}.h5",
    log:
        "results/logs/{experiment}/{scale}/fit_encoder_{encoder}_{features}_{run}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/fit_encoder_{encoder}_{features}_{run}.tsv"
    wildcard_constraints:
        encoder="|".join(FITTED),
    conda:
        "../../envs/cpu.yaml"
    threads: config["math_threads"]
    resources:
        mem_mb=megabytes(2000, 0.1),
        runtime=minutes(30, 30),
    params:
        preset=lambda wildcards: experiment(wildcards).encoder_preset,
        seed=config["seed"],
        math_threads=config["math_threads"],
        code=lambda wildcards: encoder_hash("fit_encoder.py", wildcards),
    script:
        "../../scripts/fit_encoder.py"


rule embed_stack:
    """Embed one shard of the training or the test sample."""
    input:
        stack=lambda wildcards: experiment(wildcards).encoder_input_paths(
            wildcards.scale, wildcards.part
        )[int(wildcards.shard)],
        index=lambda wildcards: experiment(wildcards).dataset.index_path,
        encoder=lambda wildcards: experiment(wildcards).encoder_path(run(wildcards)),
    output:
        embeddings=f"{RUN}/embeddings/{{part}}/shard_{{shard}}.h5",
    log:
        "results/logs/{experiment}/{scale}/embed_stack_{features}_{run}_{part}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/embed_stack_{features}_{run}_{part}_{shard}.tsv"
    conda:
        GPU_ENVIRONMENT
    threads: config["math_threads"]
    resources:
        gpu=lambda wildcards: int(experiment(wildcards).encoder.is_network),
        mem_mb=megabytes(4000, 0.1),
        runtime=minutes(15, 20),
    params:
        encoder=lambda wildcards: experiment(wildcards).encoder.name,
        preset=lambda wildcards: experiment(wildcards).encoder_preset,
        backend=lambda wildcards: (
            config["backend"] if experiment(wildcards).encoder.is_network else None
        ),
        math_threads=config["math_threads"],
        code=lambda wildcards: encoder_hash("embed_stack.py", wildcards),
    script:
        "../../scripts/embed_stack.py"


rule embed_images:
    """Denoise and embed one shard of a dataset that the models are applied to."""
    input:
        images="results/data/{sample}/images/shard_{shard}.h5",
        denoiser=lambda wildcards: experiment(wildcards).needed_denoiser_paths(
            wildcards.scale
        ),
        encoder=lambda wildcards: experiment(wildcards).encoder_path(run(wildcards)),
    output:
        embeddings=f"{RUN}/embeddings/{{sample}}/shard_{{shard}}.h5",
    log:
        "results/logs/{experiment}/{scale}/embed_images_{features}_{run}_{sample}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/embed_images_{features}_{run}_{sample}_{shard}.tsv"
    wildcard_constraints:
        sample="|".join(PROJECT.applied_samples),
    conda:
        GPU_ENVIRONMENT
    threads: config["math_threads"]
    resources:
        gpu=lambda wildcards: int(experiment(wildcards).encoder.is_network),
        mem_mb=megabytes(4000, 0.1),
        runtime=minutes(15, 40),
    params:
        encoder=lambda wildcards: experiment(wildcards).encoder.name,
        preset=lambda wildcards: experiment(wildcards).embedding_preset,
        backend=lambda wildcards: (
            config["backend"] if experiment(wildcards).encoder.is_network else None
        ),
        math_threads=config["math_threads"],
        code=lambda wildcards: encoder_hash("embed_images.py", wildcards),
    script:
        "../../scripts/embed_images.py"


rule predict_stack:
    """Have a student predict one shard of the training or the test sample."""
    input:
        stack="results/{experiment}/{scale}/stacks/{part}/shard_{shard}.h5",
        weights=f"{RUN}/{{student}}_{{judgement}}.weights.h5",
    output:
        predictions=f"{RUN}/{{student}}/{{judgement}}/{{part}}/shard_{{shard}}.h5",
    log:
        "results/logs/{experiment}/{scale}/predict_stack_{features}_{run}_{student}_{judgement}_{part}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/predict_stack_{features}_{run}_{student}_{judgement}_{part}_{shard}.tsv"
    wildcard_constraints:
        student="|".join(STUDENTS),
        judgement="|".join(PROBABLE),
    conda:
        GPU_ENVIRONMENT
    threads: config["math_threads"]
    resources:
        gpu=1,
        mem_mb=megabytes(4000, 0.1),
        runtime=minutes(15, 20),
    params:
        preset=lambda wildcards: experiment(wildcards).preset_of(wildcards.student),
        backend=config["backend"],
        math_threads=config["math_threads"],
        code=stage_hash("predict_stack.py"),
    script:
        "../../scripts/predict_stack.py"


rule predict_images:
    """Have a student predict one shard of a dataset that the models are applied to."""
    input:
        images="results/data/{sample}/images/shard_{shard}.h5",
        weights=f"{RUN}/{{student}}_{{judgement}}.weights.h5",
    output:
        predictions=f"{RUN}/{{student}}/{{judgement}}/{{sample}}/shard_{{shard}}.h5",
    log:
        "results/logs/{experiment}/{scale}/predict_images_{features}_{run}_{student}_{judgement}_{sample}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/predict_images_{features}_{run}_{student}_{judgement}_{sample}_{shard}.tsv"
    wildcard_constraints:
        student="|".join(STUDENTS),
        judgement="|".join(PROBABLE),
        sample="|".join(PROJECT.applied_samples),
    conda:
        GPU_ENVIRONMENT
    threads: config["math_threads"]
    resources:
        gpu=1,
        mem_mb=megabytes(4000, 0.1),
        runtime=minutes(15, 40),
    params:
        preset=lambda wildcards: experiment(wildcards).preset_of(wildcards.student),
        backend=config["backend"],
        math_threads=config["math_threads"],
        code=stage_hash("predict_images.py"),
    script:
        "../../scripts/predict_images.py"


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
        sample="|".join(PROJECT.applied_samples),
    conda:
        GPU_ENVIRONMENT
    threads: config["math_threads"]
    resources:
        gpu=1,
        mem_mb=megabytes(4000, 0.1),
        runtime=minutes(15, 40),
    params:
        preset=lambda wildcards: experiment(wildcards).preset_of("denoiser"),
        backend=config["backend"],
        math_threads=config["math_threads"],
        code=stage_hash("denoise_images.py"),
    script:
        "../../scripts/denoise_images.py"
