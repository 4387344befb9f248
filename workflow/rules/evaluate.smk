"""Metrics, ROC curves, the null, and principal components as the baseline.

NEEDS: embeddings, scores and mixtures of all runs; prepared and denoised stacks
MAKES: results/<experiment>/metrics.csv, metrics_summary.csv, roc.csv, null.csv, baselines.csv
"""


rule fit_baseline:
    """Put principal components in place of the autoencoder, everything else alike."""
    input:
        raw_train=stack_shards("stacks", "train"),
        raw_test=stack_shards("stacks", "test"),
        denoised_train=stack_shards("denoised", "train"),
        denoised_test=stack_shards("denoised", "test"),
        index=lambda wildcards: f"results/data/{dataset_of(wildcards)}/index.h5",
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
        n_features=lambda wildcards: experiment(wildcards)["n_features"],
        runs=lambda wildcards: experiment(wildcards)["runs"],
        mixture=lambda wildcards: experiment(wildcards)["mixture"],
        pooling=lambda wildcards: preset(wildcards)["autoencoder"]["embedding_pooling"],
        seed=config["seed"],
        math_threads=config["math_threads"],
        code=stage_hash("fit_baseline.py"),
    script:
        "../../scripts/fit_baseline.py"


rule evaluate_experiment:
    """Evaluate every model on every sample with known labels, with its spread and its null."""
    input:
        scores=all_runs("scores_{sample}.csv"),
        embeddings=all_runs("embeddings_{sample}.h5"),
        mixtures=all_runs("mixture.h5"),
        baselines=baseline_tables,
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
        seed=config["seed"],
        bootstraps=lambda wildcards: experiment(wildcards)["bootstraps"],
        null_shuffles=lambda wildcards: experiment(wildcards)["null_shuffles"],
        held_out=lambda wildcards: (
            "test" if "test" in split_samples(wildcards) else None
        ),
        ratio_sample=lambda wildcards: (
            "test" if experiment(wildcards)["protocol"] == "paper" else None
        ),
        code=stage_hash("evaluate_experiment.py"),
    script:
        "../../scripts/evaluate_experiment.py"
