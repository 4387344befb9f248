"""What a survey user takes away: the ranked candidates of any dataset, no labels needed.

NEEDS: scores_<dataset>.csv of the headline model's runs
MAKES: results/<experiment>/candidates_<dataset>.csv and .fits
"""


rule rank_candidates:
    """Rank the objects of a dataset by their lens probability, or their density, over the runs."""
    input:
        scores=lambda wildcards: experiment(wildcards).headline_paths(
            f"scores_{experiment(wildcards).candidate_sample(wildcards.dataset)}.csv"
        ),
        index="results/data/{dataset}/index.h5",
        manifest="results/data/{dataset}/manifest.h5",
    output:
        csv="results/{experiment}/candidates_{dataset}.csv",
        fits="results/{experiment}/candidates_{dataset}.fits",
    log:
        "results/logs/{experiment}/rank_candidates_{dataset}.log",
    benchmark:
        "results/benchmarks/{experiment}/rank_candidates_{dataset}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1000, 8),
        runtime=minutes(15, 15),
    params:
        judgement=lambda wildcards: experiment(wildcards).judgement.name,
        n_candidates=lambda wildcards: experiment(wildcards).settings["n_candidates"],
        code=stage_hash("rank_candidates.py"),
    script:
        "../../scripts/rank_candidates.py"
