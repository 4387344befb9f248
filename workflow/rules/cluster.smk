"""Clusters, their judgement, and the lens probability of each image.

NEEDS: embeddings/<sample>/shard_<i>.h5; for a judgement from outside the table named in config.yaml
MAKES: in results/<experiment>/<scale>/features_<d>/run_<r>/: mixture.h5, cluster_labels_<judgement>.csv,
       cluster_labels_template.csv, judge.html, embeddings_<sample>.h5, scores_<sample>.csv;
       results/<experiment>/judge.html
"""

from lensflow.workflow.guidance import checked_tables


rule fit_mixture:
    """Fit the Bayesian Gaussian mixture to the training sample's embeddings."""
    input:
        embeddings=lambda wildcards: experiment(wildcards).embedding_paths(
            run(wildcards), "train"
        ),
    output:
        mixture=f"{RUN}/mixture.h5",
        template=f"{RUN}/cluster_labels_template.csv",
    log:
        "results/logs/{experiment}/{scale}/fit_mixture_{features}_{run}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/fit_mixture_{features}_{run}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: config["math_threads"]
    resources:
        mem_mb=megabytes(1500, 60),
        runtime=minutes(60, 600),
    params:
        n_components=lambda wildcards: experiment(wildcards).n_components(
            int(wildcards.features)
        ),
        mixture=lambda wildcards: experiment(wildcards).settings["mixture"],
        seed=lambda wildcards: experiment(wildcards).mixture_seed(int(wildcards.run)),
        math_threads=config["math_threads"],
        code=stage_hash("fit_mixture.py"),
    script:
        "../../scripts/fit_mixture.py"


rule label_clusters:
    """Judge the clusters by true labels: all of them, or 25 a cluster as a stand-in or counted."""
    input:
        embeddings=lambda wildcards: experiment(wildcards).embedding_paths(
            run(wildcards), "train"
        ),
        mixture=f"{RUN}/mixture.h5",
    output:
        labels=f"{RUN}/cluster_labels_{{judgement}}.csv",
    log:
        "results/logs/{experiment}/{scale}/label_clusters_{features}_{run}_{judgement}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/label_clusters_{features}_{run}_{judgement}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(800, 10),
        runtime=minutes(10, 10),
    params:
        seed=config["seed"],
        code=stage_hash("label_clusters.py"),
    script:
        "../../scripts/label_clusters.py"


rule write_judging_page:
    """Write the page on which a person judges the clusters of one run."""
    input:
        mixtures=[f"{RUN}/mixture.h5"],
        embeddings=lambda wildcards: experiment(wildcards).embedding_paths(
            run(wildcards), "train"
        ),
        images=lambda wildcards: experiment(wildcards).dataset.image_paths,
        denoised=lambda wildcards: experiment(wildcards).denoised_paths(
            wildcards.scale, "train"
        ),
    output:
        page=f"{RUN}/judge.html",
    log:
        "results/logs/{experiment}/{scale}/write_judging_page_{features}_{run}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/write_judging_page_{features}_{run}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 2),
        runtime=minutes(15, 30),
    params:
        models=lambda wildcards: experiment(wildcards).judged_models([run(wildcards)]),
        dataset=lambda wildcards: experiment(wildcards).dataset.name,
        blind=lambda wildcards: experiment(wildcards).settings["blind"],
        seed=config["seed"],
        page=page_hash(),
        code=stage_hash("write_judging_page.py"),
    script:
        "../../scripts/write_judging_page.py"


use rule write_judging_page as write_joint_judging_page with:
    input:
        mixtures=lambda wildcards: experiment(wildcards).run_paths("mixture.h5"),
        embeddings=lambda wildcards: [
            path
            for each in experiment(wildcards).runs
            for path in experiment(wildcards).embedding_paths(each, "train")
        ],
        images=lambda wildcards: experiment(wildcards).dataset.image_paths,
        denoised=lambda wildcards: experiment(wildcards).denoised_paths(
            experiment(wildcards).scales[0], "train"
        ),
    output:
        page="results/{experiment}/judge.html",
    log:
        "results/logs/{experiment}/write_joint_judging_page.log",
    benchmark:
        "results/benchmarks/{experiment}/write_joint_judging_page.tsv"
    params:
        models=lambda wildcards: experiment(wildcards).judged_models(
            experiment(wildcards).runs
        ),
        dataset=lambda wildcards: experiment(wildcards).dataset.name,
        blind=lambda wildcards: experiment(wildcards).settings["blind"],
        seed=config["seed"],
        page=page_hash(),
        code=stage_hash("write_judging_page.py"),


rule score_shard:
    """Turn cluster memberships and judgements into lens probabilities (equation 7)."""
    input:
        embeddings=f"{RUN}/embeddings/{{sample}}/shard_{{shard}}.h5",
        mixture=f"{RUN}/mixture.h5",
        labels=lambda wildcards: checked_tables(experiment(wildcards), run(wildcards)),
    output:
        scores=temp(f"{RUN}/scores/{{sample}}/shard_{{shard}}.csv"),
    log:
        "results/logs/{experiment}/{scale}/score_shard_{features}_{run}_{sample}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/score_shard_{features}_{run}_{sample}_{shard}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(800, 20),
        runtime=minutes(10, 60),
    params:
        judgements=lambda wildcards: experiment(wildcards).probabilities,
        prior=lambda wildcards: experiment(wildcards).settings["prior"],
        code=stage_hash("score_shard.py"),
    script:
        "../../scripts/score_shard.py"


rule collect_sample:
    """Join the shards of a sample: one file of embeddings, one table of scores."""
    input:
        embeddings=lambda wildcards: experiment(wildcards).embedding_paths(
            run(wildcards), wildcards.sample
        ),
        scores=lambda wildcards: experiment(wildcards).score_paths(
            run(wildcards), wildcards.sample
        ),
    output:
        embeddings=f"{RUN}/embeddings_{{sample}}.h5",
        scores=f"{RUN}/scores_{{sample}}.csv",
    log:
        "results/logs/{experiment}/{scale}/collect_sample_{features}_{run}_{sample}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/collect_sample_{features}_{run}_{sample}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(800, 0.1),
        runtime=minutes(10, 10),
    params:
        code=stage_hash("collect_sample.py"),
    script:
        "../../scripts/collect_sample.py"
