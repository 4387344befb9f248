"""Metrics, the null, principal components as the baseline, and the headline model as a finder.

NEEDS: embeddings, scores and mixtures of all runs; prepared and denoised stacks; the images
MAKES: results/<experiment>/metrics.csv, metrics_summary.csv, roc.csv, null.csv, baselines.csv,
       arcs_<sample>.csv, rankers.csv, rates.csv, calibration.csv, calibration_summary.csv,
       missed.csv, graders.csv
"""

from lensflow.workflow.guidance import checked_grades
from lensflow.workflow.inputs import (
    finder_inputs,
    finder_samples,
    ranker_inputs,
    sample_rankers,
)


rule fit_baseline:
    """Put principal components in place of the encoder, everything else alike."""
    input:
        raw_train=lambda wildcards: experiment(wildcards).stack_paths(
            wildcards.scale, "stacks", "train"
        ),
        raw_test=lambda wildcards: experiment(wildcards).stack_paths(
            wildcards.scale, "stacks", "test"
        ),
        denoised_train=lambda wildcards: experiment(wildcards).denoised_paths(
            wildcards.scale, "train"
        ),
        denoised_test=lambda wildcards: experiment(wildcards).denoised_paths(
            wildcards.scale, "test"
        ),
        index=lambda wildcards: experiment(wildcards).dataset.index_path,
    output:
        baselines="results/{experiment}/{scale}/baselines.csv",
    log:
        "results/logs/{experiment}/{scale}/fit_baseline.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/fit_baseline.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: config["math_threads"]
    resources:
        mem_mb=megabytes(2000, 2),
        runtime=minutes(120, 120),
    params:
        n_features=lambda wildcards: experiment(wildcards).settings["n_features"],
        runs=lambda wildcards: experiment(wildcards).settings["runs"],
        mixture=lambda wildcards: experiment(wildcards).mixture_settings,
        pooling=lambda wildcards: experiment(wildcards).pooling,
        seed=config["seed"],
        math_threads=config["math_threads"],
        code=stage_hash("fit_baseline.py"),
    script:
        "../../scripts/fit_baseline.py"


rule evaluate_experiment:
    """Evaluate every model on every sample with known labels, with its spread and its null."""
    input:
        scores=lambda wildcards: experiment(wildcards).sample_paths(
            "scores_{sample}.csv"
        ),
        embeddings=lambda wildcards: experiment(wildcards).sample_paths(
            "embeddings_{sample}.h5"
        ),
        mixtures=lambda wildcards: experiment(wildcards).run_paths("mixture.h5"),
        baselines=lambda wildcards: experiment(wildcards).baseline_paths,
    output:
        metrics="results/{experiment}/metrics.csv",
        summary="results/{experiment}/metrics_summary.csv",
        roc="results/{experiment}/roc.csv",
        null="results/{experiment}/null.csv",
        baselines="results/{experiment}/baselines.csv",
    log:
        "results/logs/{experiment}/evaluate_experiment.log",
    benchmark:
        "results/benchmarks/{experiment}/evaluate_experiment.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 5),
        runtime=minutes(60, 120),
    params:
        runs=lambda wildcards: [tuple(each) for each in experiment(wildcards).runs],
        samples=lambda wildcards: experiment(wildcards).samples,
        seed=config["seed"],
        bootstraps=lambda wildcards: experiment(wildcards).settings["bootstraps"],
        null_shuffles=lambda wildcards: experiment(wildcards).settings["null_shuffles"],
        held_out=lambda wildcards: experiment(wildcards).held_out_sample,
        ratio_sample=lambda wildcards: experiment(wildcards).ratio_sample,
        code=stage_hash("evaluate_experiment.py"),
    script:
        "../../scripts/evaluate_experiment.py"


rule measure_arcs_of_stack:
    """Measure how arc-like the images of one shard of the training or the test sample are."""
    input:
        stack=lambda wildcards: experiment(wildcards).stack_paths(
            experiment(wildcards).model["scale"], "stacks", wildcards.part
        )[int(wildcards.shard)],
        index=lambda wildcards: experiment(wildcards).dataset.index_path,
        images=lambda wildcards: experiment(wildcards).dataset.image_paths,
    output:
        arcs=temp("results/{experiment}/arcs/{part}/shard_{shard}.csv"),
    log:
        "results/logs/{experiment}/measure_arcs_of_stack_{part}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/measure_arcs_of_stack_{part}_{shard}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        in_turn=1,
        mem_mb=megabytes(1500, 0.01),
        runtime=minutes(10, 5),
    params:
        code=stage_hash("measure_arcs_of_stack.py"),
    script:
        "../../scripts/measure_arcs_of_stack.py"


rule measure_arcs:
    """Measure how arc-like the images of one shard of a dataset are."""
    input:
        images="results/data/{sample}/images/shard_{shard}.h5",
    output:
        arcs=temp("results/{experiment}/arcs/{sample}/shard_{shard}.csv"),
    log:
        "results/logs/{experiment}/measure_arcs_{sample}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/measure_arcs_{sample}_{shard}.tsv"
    wildcard_constraints:
        sample="|".join(PROJECT.applied_samples),
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        in_turn=1,
        mem_mb=megabytes(1000, 0.1),
        runtime=minutes(10, 40),
    params:
        code=stage_hash("measure_arcs.py"),
    script:
        "../../scripts/measure_arcs.py"


rule collect_arcs:
    """Join the shards of a sample's arc statistic into one table."""
    input:
        arcs=lambda wildcards: experiment(wildcards).arc_shard_paths(wildcards.sample),
    output:
        arcs="results/{experiment}/arcs_{sample}.csv",
    log:
        "results/logs/{experiment}/collect_arcs_{sample}.log",
    benchmark:
        "results/benchmarks/{experiment}/collect_arcs_{sample}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(10, 10),
    params:
        code=stage_hash("collect_arcs.py"),
    script:
        "../../scripts/collect_arcs.py"


rule score_rankers:
    """Rank the finder's samples of known class by what stands beside it, on the same images."""
    input:
        unpack(of_experiment(ranker_inputs)),
    output:
        rankers="results/{experiment}/rankers.csv",
    log:
        "results/logs/{experiment}/score_rankers.log",
    benchmark:
        "results/benchmarks/{experiment}/score_rankers.tsv"
    priority: scheduling.LONG
    conda:
        "../../envs/cpu.yaml"
    threads: config["math_threads"]
    resources:
        mem_mb=megabytes(2500, 0.1),
        runtime=minutes(30, 30),
    params:
        rankers=of_experiment(sample_rankers),
        scale=lambda wildcards: experiment(wildcards).model["scale"],
        image_size=lambda wildcards: experiment(wildcards).preset["image_size"],
        mixture=lambda wildcards: experiment(wildcards).mixture_settings,
        seed=config["seed"],
        math_threads=config["math_threads"],
        code=stage_hash("score_rankers.py"),
    script:
        "../../scripts/score_rankers.py"


rule evaluate_finder:
    """Evaluate the headline model as a survey would use it: rates, calibration, what is missed."""
    input:
        unpack(of_experiment(finder_inputs)),
    output:
        rates="results/{experiment}/rates.csv",
        calibration="results/{experiment}/calibration.csv",
        calibration_summary="results/{experiment}/calibration_summary.csv",
        missed="results/{experiment}/missed.csv",
    log:
        "results/logs/{experiment}/evaluate_finder.log",
    benchmark:
        "results/benchmarks/{experiment}/evaluate_finder.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1000, 3),
        runtime=minutes(30, 30),
    params:
        samples=of_experiment(finder_samples),
        seed=config["seed"],
        bootstraps=lambda wildcards: experiment(wildcards).settings["bootstraps"],
        code=stage_hash("evaluate_finder.py"),
    script:
        "../../scripts/evaluate_finder.py"


rule evaluate_graders:
    """Say how far people agree who grade, and what they make of hidden objects."""
    input:
        grades=lambda wildcards: REFUSALS.checked(checked_grades, experiment(wildcards)),
        answers=lambda wildcards: [
            path
            for name in experiment(wildcards).candidate_datasets
            for path in experiment(wildcards).answer_paths(name)
        ],
        indices=lambda wildcards: [
            experiment(wildcards).sample_dataset(name).index_path
            for name in experiment(wildcards).candidate_datasets
        ],
    output:
        graders="results/{experiment}/graders.csv",
    log:
        "results/logs/{experiment}/evaluate_graders.log",
    benchmark:
        "results/benchmarks/{experiment}/evaluate_graders.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(800, 20),
        runtime=minutes(10),
    params:
        datasets=lambda wildcards: experiment(wildcards).candidate_datasets,
        code=stage_hash("evaluate_graders.py"),
    script:
        "../../scripts/evaluate_graders.py"
