"""The paper's tables, its appendix A, its numbers beside ours, and the results that are published.

NEEDS: the tables of the experiments under `run`, source-only images for appendix A
MAKES: results/<experiment>/table1.csv, table2.csv, clusters.csv, cluster_counts.csv, ranking.csv, appendix_a.csv,
       figures/table2 and figures/clusters_sources; results/paper_comparison.csv; results/README.md, results/published/
"""


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
        scores=all_runs("scores_train.csv"),
        mixtures=all_runs("mixture.h5"),
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
        code=stage_hash("count_clusters.py"),
    script:
        "../../scripts/count_clusters.py"


rule rank_ratios:
    """Tabulate purity, completeness and contamination at the ratios of table 1."""
    input:
        scores=headline_runs("scores_test.csv"),
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
        labels=shown_labels,
        ratios=list(TABLE1_RATIOS),
        seed=config["seed"],
        code=stage_hash("rank_ratios.py"),
    script:
        "../../scripts/rank_ratios.py"


rule embed_sources:
    """Embed one shard of the images of the lensed sources alone (appendix A): a GPU stage."""
    input:
        images=lambda wildcards: (
            f"results/data/{dataset_of(wildcards)}/images/shard_{wildcards.shard}.h5"
        ),
        denoiser=lambda wildcards: (
            f"results/{wildcards.experiment}/{wildcards.scale}/denoiser.weights.h5"
            if experiment(wildcards)["appendix_a"]["denoise"]
            else []
        ),
        weights=f"{RUN}/autoencoder.weights.h5",
    output:
        embeddings=f"{SOURCES}/shard_{{shard}}.h5",
    log:
        "results/logs/{experiment}/{scale}/embed_sources_{features}_{run}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/embed_sources_{features}_{run}_{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: config["math_threads"]
    resources:
        gpu=1,
        mem_mb=megabytes(4000, 0.1),
        runtime=minutes(15, 40),
    params:
        preset=preset,
        backend=config["backend"],
        math_threads=config["math_threads"],
        code=stage_hash("embed_appendix.py"),
    script:
        "../../scripts/embed_appendix.py"


rule fit_sources:
    """Fit a mixture of its own to the embeddings of the sources (appendix A)."""
    input:
        embeddings=lambda wildcards: [
            f"{SOURCES}/shard_{i}.h5".format(**wildcards)
            for i in range(DATASETS[dataset_of(wildcards)]["shards"])
        ],
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
        n_components=n_components,
        mixture=lambda wildcards: experiment(wildcards)["mixture"],
        seed=config["seed"],
        math_threads=config["math_threads"],
        code=stage_hash("fit_mixture.py"),
    script:
        "../../scripts/fit_mixture.py"


rule measure_appendix:
    """Measure how purely the clusters of source-only images hold one class (appendix A)."""
    input:
        embeddings=appendix_files("shard_{shard}.h5", sharded=True),
        mixtures=appendix_files("mixture.h5"),
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
        runs=lambda wildcards: appendix_runs(wildcards.experiment),
        code=stage_hash("measure_appendix.py"),
    script:
        "../../scripts/measure_appendix.py"


rule plot_clusters_sources:
    """Clusters of the images of the lensed sources alone (Fig. A1)."""
    input:
        embeddings=first_appendix_shards,
        mixture=lambda wildcards: appendix_files("mixture.h5")(wildcards)[0],
        images=source_shards,
    output:
        png=report(
            "results/{experiment}/figures/clusters_sources.png",
            caption="../report/captions/clusters_sources.rst",
            category="{experiment}",
            labels={"figure": "clusters sources"},
        ),
        pdf="results/{experiment}/figures/clusters_sources.pdf",
    log:
        "results/logs/{experiment}/plot_clusters_sources.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_clusters_sources.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 0.1),
        runtime=minutes(15, 10),
    params:
        seed=config["seed"],
        code=stage_hash("plot_appendix.py"),
    script:
        "../../scripts/plot_appendix.py"


rule write_table2:
    """Put our rows into the challenge's table of methods (table 2)."""
    input:
        training=lambda wildcards: compared_files(wildcards.experiment),
        challenge=lambda wildcards: (
            compared_files(partner(wildcards.experiment, "challenge"))
            if partner(wildcards.experiment, "challenge")
            else []
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
        training=lambda wildcards: result_folder(wildcards.experiment),
        challenge=lambda wildcards: result_folder(
            partner(wildcards.experiment, "challenge")
        ),
        code=stage_hash("write_table2.py"),
    script:
        "../../scripts/write_table2.py"


rule plot_table2:
    """The methods of the challenge and ours (table 2)."""
    input:
        table="results/{experiment}/table2.csv",
    output:
        png=report(
            "results/{experiment}/figures/table2.png",
            caption="../report/captions/table2.rst",
            category="{experiment}",
            labels={"figure": "table 2"},
        ),
        pdf="results/{experiment}/figures/table2.pdf",
    log:
        "results/logs/{experiment}/plot_table2.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_table2.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(10),
    params:
        code=stage_hash("plot_table2.py"),
    script:
        "../../scripts/plot_table2.py"


rule compare_paper:
    """Put the paper's numbers and ours side by side."""
    input:
        comparison_inputs,
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
            {
                "training": result_folder(name),
                "honest": result_folder(partner(name, "honest")),
                "challenge": result_folder(partner(name, "challenge")),
            }
            for name in compared()
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
            for shown in publication.FIGURES
        ],
        tables=[
            f"results/{PUBLISHED[shown.role]}/{shown.name}.csv"
            for shown in publication.TABLES
        ],
    output:
        readme="results/README.md",
        comparison="results/published/paper_comparison.csv",
        figures=[
            f"results/published/{PUBLISHED[shown.role]}/{shown.name}.png"
            for shown in publication.FIGURES
        ],
        tables=[
            f"results/published/{PUBLISHED[shown.role]}/{shown.name}.csv"
            for shown in publication.TABLES
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
