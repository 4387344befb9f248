"""The paper's tables, its appendix A, its numbers beside ours, and the results that are published.

NEEDS: the tables of the experiments under `run`, source-only images for appendix A
MAKES: results/<experiment>/table1.csv, table2.csv, clusters.csv, cluster_counts.csv, ranking.csv, appendix_a.csv,
       results/paper_comparison.csv; results/README.md, results/published/
"""

from lensflow.evaluate.resampling import TABLE1_RATIOS
from lensflow.paper import publish
from lensflow.paper.contents import compared_paths, comparison_paths

SOURCES = f"{RUN}/sources"

# The experiments of `make published` in their roles.
PUBLISHED = {
    "training": "small_paper",
    "honest": "small_honest",
    "challenge": "small_challenge",
}


rule write_table1:
    """Write the test sets of table 1 as they were drawn."""
    input:
        split="results/{experiment}/split.csv",
    output:
        table=report(
            "results/{experiment}/table1.csv",
            caption="../report/captions/table1.rst",
            category="{experiment}",
            labels={"table": "table 1"},
        ),
    log:
        "results/logs/{experiment}/write_table1.log",
    benchmark:
        "results/benchmarks/{experiment}/write_table1.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(500, 5),
        runtime=minutes(10),
    params:
        seed=config["seed"],
        code=stage_hash("write_table1.py"),
    script:
        "../../scripts/write_table1.py"


rule count_clusters:
    """Count the clusters of each kind, and the lenses in the lens-like ones (section 4.2.1)."""
    input:
        scores=lambda wildcards: experiment(wildcards).run_paths("scores_train.csv"),
        mixtures=lambda wildcards: experiment(wildcards).run_paths("mixture.h5"),
    output:
        clusters="results/{experiment}/clusters.csv",
        counts="results/{experiment}/cluster_counts.csv",
    log:
        "results/logs/{experiment}/count_clusters.log",
    benchmark:
        "results/benchmarks/{experiment}/count_clusters.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(800, 0.5),
        runtime=minutes(15, 20),
    params:
        runs=lambda wildcards: [tuple(each) for each in experiment(wildcards).runs],
        code=stage_hash("count_clusters.py"),
    script:
        "../../scripts/count_clusters.py"


rule rank_ratios:
    """Tabulate purity, completeness and contamination at the ratios of table 1."""
    input:
        scores=lambda wildcards: experiment(wildcards).headline_paths("scores_test.csv"),
    output:
        table="results/{experiment}/ranking.csv",
    log:
        "results/logs/{experiment}/rank_ratios.log",
    benchmark:
        "results/benchmarks/{experiment}/rank_ratios.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(800, 8),
        runtime=minutes(15, 20),
    params:
        judgement=lambda wildcards: experiment(wildcards).judgement.name,
        ratios=list(TABLE1_RATIOS),
        seed=config["seed"],
        code=stage_hash("rank_ratios.py"),
    script:
        "../../scripts/rank_ratios.py"


rule embed_sources:
    """Embed one shard of the images of the lensed sources alone (appendix A): a GPU stage."""
    input:
        images=lambda wildcards: (
            experiment(wildcards).dataset.image_paths[int(wildcards.shard)]
        ),
        denoiser=lambda wildcards: (
            experiment(wildcards).denoiser_path(wildcards.scale)
            if experiment(wildcards).settings["appendix_a"]["denoise"]
            else []
        ),
        encoder=lambda wildcards: experiment(wildcards).encoder_path(run(wildcards)),
    output:
        embeddings=f"{SOURCES}/shard_{{shard}}.h5",
    log:
        "results/logs/{experiment}/{scale}/embed_sources_{features}_{run}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/embed_sources_{features}_{run}_{shard}.tsv"
    conda:
        GPU_ENVIRONMENT
    threads: config["math_threads"]
    resources:
        gpu=1,
        mem_mb=megabytes(4000, 0.1),
        runtime=minutes(15, 40),
    params:
        encoder=lambda wildcards: experiment(wildcards).encoder.name,
        preset=lambda wildcards: experiment(wildcards).embedding_preset,
        backend=config["backend"],
        math_threads=config["math_threads"],
        code=lambda wildcards: encoder_hash("embed_appendix.py", wildcards),
    script:
        "../../scripts/embed_appendix.py"


rule fit_sources:
    """Fit a mixture of its own to the embeddings of the sources (appendix A)."""
    input:
        embeddings=lambda wildcards: experiment(wildcards).source_embedding_paths(
            run(wildcards)
        ),
    output:
        mixture=f"{SOURCES}/mixture.h5",
        template=f"{SOURCES}/cluster_labels_template.csv",
    log:
        "results/logs/{experiment}/{scale}/fit_sources_{features}_{run}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/fit_sources_{features}_{run}.tsv"
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
        mixture=lambda wildcards: experiment(wildcards).mixture_settings,
        seed=config["seed"],
        math_threads=config["math_threads"],
        code=stage_hash("fit_mixture.py"),
    script:
        "../../scripts/fit_mixture.py"


rule measure_appendix:
    """Measure how purely the clusters of source-only images hold one class (appendix A)."""
    input:
        embeddings=lambda wildcards: [
            path
            for each in experiment(wildcards).appendix_runs
            for path in experiment(wildcards).source_embedding_paths(each)
        ],
        mixtures=lambda wildcards: [
            experiment(wildcards).run_path(each, "sources/mixture.h5")
            for each in experiment(wildcards).appendix_runs
        ],
    output:
        table="results/{experiment}/appendix_a.csv",
    log:
        "results/logs/{experiment}/measure_appendix.log",
    benchmark:
        "results/benchmarks/{experiment}/measure_appendix.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1000, 5),
        runtime=minutes(15, 20),
    params:
        runs=lambda wildcards: [
            tuple(each) for each in experiment(wildcards).appendix_runs
        ],
        code=stage_hash("measure_appendix.py"),
    script:
        "../../scripts/measure_appendix.py"


rule write_table2:
    """Put our rows into the challenge's table of methods (table 2)."""
    input:
        training=lambda wildcards: compared_paths(experiment(wildcards)),
        challenge=lambda wildcards: compared_paths(
            PROJECT.partner(experiment(wildcards), "challenge")
        ),
    output:
        table="results/{experiment}/table2.csv",
    log:
        "results/logs/{experiment}/write_table2.log",
    benchmark:
        "results/benchmarks/{experiment}/write_table2.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(10),
    params:
        training=lambda wildcards: experiment(wildcards).folder,
        challenge=lambda wildcards: PROJECT.partner_folder(
            experiment(wildcards), "challenge"
        ),
        code=stage_hash("write_table2.py"),
    script:
        "../../scripts/write_table2.py"


rule compare_paper:
    """Put the paper's numbers and ours side by side."""
    input:
        comparison_paths(PROJECT),
    output:
        table=report(
            "results/paper_comparison.csv",
            caption="../report/captions/paper_comparison.rst",
            category="paper",
            labels={"table": "comparison"},
        ),
    log:
        "results/logs/compare_paper.log",
    benchmark:
        "results/benchmarks/compare_paper.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(10),
    params:
        experiments=[
            {role: one and one.folder for role, one in roles.items()}
            for roles in PROJECT.comparisons
        ],
        code=stage_hash("compare_paper.py"),
    script:
        "../../scripts/compare_paper.py"


rule publish_results:
    """Copy the figures and tables that the repository shows, and write the page about them."""
    input:
        comparison="results/paper_comparison.csv",
        figures=[
            f"results/{PUBLISHED[shown.role]}/figures/{shown.name}.png"
            for shown in publish.FIGURES
        ],
        tables=[
            f"results/{PUBLISHED[shown.role]}/{shown.name}.csv"
            for shown in publish.TABLES
        ],
    output:
        readme="results/README.md",
        comparison="results/published/paper_comparison.csv",
        figures=[
            f"results/published/{PUBLISHED[shown.role]}/{shown.name}.png"
            for shown in publish.FIGURES
        ],
        tables=[
            f"results/published/{PUBLISHED[shown.role]}/{shown.name}.csv"
            for shown in publish.TABLES
        ],
    log:
        "results/logs/publish_results.log",
    benchmark:
        "results/benchmarks/publish_results.tsv"
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(10),
    params:
        experiments=PUBLISHED,
        command="make published",
        code=stage_hash("publish_results.py"),
    script:
        "../../scripts/publish_results.py"
