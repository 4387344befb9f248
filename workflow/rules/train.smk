"""The networks: GPU stages, each a job of its own.

NEEDS: results/<experiment>/<scale>/stacks/, for a student the scores of the training sample and
       the files of grades that are there
MAKES: results/<experiment>/<scale>/denoiser.weights.h5, denoised/<train|test>/shard_<i>.h5,
       features_<d>/run_<r>/autoencoder.weights.h5 or contrastive.weights.h5,
       features_<d>/run_<r>/<student>_<judgement>.weights.h5, with histories and reports
"""

from lensflow.networks.kinds import STUDENTS
from lensflow.workflow.guidance import checked_grades


rule train_denoiser:
    """Train the denoiser on the training sample; its target is its own noisy input."""
    input:
        stacks=lambda wildcards: experiment(wildcards).stack_paths(
            wildcards.scale, "stacks", "train"
        ),
        datasets=ancient("results/{experiment}/datasets.csv"),
    output:
        weights="results/{experiment}/{scale}/denoiser.weights.h5",
        history="results/{experiment}/{scale}/denoiser_history.csv",
        report="results/{experiment}/{scale}/denoiser_report.json",
    log:
        "results/logs/{experiment}/{scale}/train_denoiser.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/train_denoiser.tsv"
    priority: scheduling.WAITED_FOR
    conda:
        GPU_ENVIRONMENT
    threads: config["math_threads"]
    resources:
        gpu=1,
        mem_mb=megabytes(4000, 2),
        runtime=training_minutes(experiment, "denoiser"),
    params:
        preset=lambda wildcards: experiment(wildcards).preset_of("denoiser"),
        seed=config["seed"],
        backup=lambda wildcards: str(Path(config["backup_folder"], *wildcards)),
        backend=config["backend"],
        math_threads=config["math_threads"],
        data_on=config["training_data_on"],
        xla=config["xla"],
        code=stage_hash("train_denoiser.py"),
    script:
        "../../scripts/train_denoiser.py"


rule denoise_stack:
    """Denoise one shard of a sample and stretch it to [0, 1] again."""
    input:
        stack="results/{experiment}/{scale}/stacks/{part}/shard_{shard}.h5",
        weights="results/{experiment}/{scale}/denoiser.weights.h5",
    output:
        stack="results/{experiment}/{scale}/denoised/{part}/shard_{shard}.h5",
    log:
        "results/logs/{experiment}/{scale}/denoise_stack_{part}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/denoise_stack_{part}_{shard}.tsv"
    conda:
        GPU_ENVIRONMENT
    threads: config["math_threads"]
    resources:
        gpu=1,
        mem_mb=megabytes(4000, 0.1),
        runtime=minutes(15, 20),
    params:
        preset=lambda wildcards: experiment(wildcards).preset_of("denoiser"),
        backend=config["backend"],
        math_threads=config["math_threads"],
        code=stage_hash("denoise_stack.py"),
    script:
        "../../scripts/denoise_stack.py"


rule train_autoencoder:
    """Train one feature autoencoder on the denoised training sample."""
    input:
        stacks=lambda wildcards: experiment(wildcards).encoder_input_paths(
            wildcards.scale, "train"
        ),
        datasets=ancient("results/{experiment}/datasets.csv"),
    output:
        weights=f"{RUN}/autoencoder.weights.h5",
        history=f"{RUN}/autoencoder_history.csv",
        report=f"{RUN}/autoencoder_report.json",
        examples=f"{RUN}/examples_train.h5",
    log:
        "results/logs/{experiment}/{scale}/train_autoencoder_{features}_{run}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/train_autoencoder_{features}_{run}.tsv"
    priority: lambda wildcards: scheduling.training_priority(experiment(wildcards), run(wildcards))
    conda:
        GPU_ENVIRONMENT
    threads: config["math_threads"]
    resources:
        gpu=1,
        mem_mb=megabytes(4000, 2),
        runtime=training_minutes(experiment, "autoencoder"),
    params:
        preset=lambda wildcards: experiment(wildcards).preset_of("autoencoder"),
        seed=config["seed"],
        backup=lambda wildcards: str(Path(config["backup_folder"], *wildcards)),
        backend=config["backend"],
        math_threads=config["math_threads"],
        data_on=config["training_data_on"],
        xla=config["xla"],
        code=stage_hash("train_autoencoder.py"),
    script:
        "../../scripts/train_autoencoder.py"


rule train_contrastive:
    """Train one contrastive encoder on altered copies of each training object."""
    input:
        stacks=lambda wildcards: experiment(wildcards).encoder_input_paths(
            wildcards.scale, "train"
        ),
        datasets=ancient("results/{experiment}/datasets.csv"),
    output:
        weights=f"{RUN}/contrastive.weights.h5",
        history=f"{RUN}/contrastive_history.csv",
        report=f"{RUN}/contrastive_report.json",
    log:
        "results/logs/{experiment}/{scale}/train_contrastive_{features}_{run}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/train_contrastive_{features}_{run}.tsv"
    priority: lambda wildcards: scheduling.training_priority(experiment(wildcards), run(wildcards))
    conda:
        GPU_ENVIRONMENT
    threads: config["math_threads"]
    resources:
        gpu=1,
        mem_mb=megabytes(4000, 6),
        runtime=training_minutes(experiment, "contrastive"),
    params:
        preset=lambda wildcards: experiment(wildcards).preset_of("contrastive"),
        seed=config["seed"],
        backup=lambda wildcards: str(Path(config["backup_folder"], *wildcards)),
        backend=config["backend"],
        math_threads=config["math_threads"],
        data_on=config["training_data_on"],
        xla=config["xla"],
        code=stage_hash("train_contrastive.py"),
    script:
        "../../scripts/train_contrastive.py"


rule train_student:
    """Train one student on the training images and what judged clusters and grades say of them."""
    input:
        stacks=lambda wildcards: experiment(wildcards).stack_paths(
            wildcards.scale, "stacks", "train"
        ),
        scores=lambda wildcards: experiment(wildcards).teacher_score_paths(
            run(wildcards)
        ),
        grades=lambda wildcards: REFUSALS.checked(checked_grades, experiment(wildcards)),
    output:
        weights=f"{RUN}/{{student}}_{{judgement}}.weights.h5",
        history=f"{RUN}/{{student}}_{{judgement}}_history.csv",
        report=f"{RUN}/{{student}}_{{judgement}}_report.json",
    log:
        "results/logs/{experiment}/{scale}/train_student_{features}_{run}_{student}_{judgement}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/train_student_{features}_{run}_{student}_{judgement}.tsv"
    wildcard_constraints:
        student="|".join(STUDENTS),
        judgement="|".join(PROBABLE),
    priority: lambda wildcards: scheduling.training_priority(experiment(wildcards), run(wildcards))
    conda:
        GPU_ENVIRONMENT
    threads: config["math_threads"]
    resources:
        gpu=1,
        mem_mb=megabytes(4000, 2),
        runtime=lambda wildcards, input, attempt: training_minutes(
            experiment, wildcards.student
        )(wildcards, input, attempt),
    params:
        dataset=lambda wildcards: experiment(wildcards).dataset.name,
        preset=lambda wildcards: experiment(wildcards).preset_of(wildcards.student),
        seed=config["seed"],
        backup=lambda wildcards: str(Path(config["backup_folder"], *wildcards)),
        backend=config["backend"],
        math_threads=config["math_threads"],
        data_on=config["training_data_on"],
        xla=config["xla"],
        code=stage_hash("train_student.py"),
    script:
        "../../scripts/train_student.py"
