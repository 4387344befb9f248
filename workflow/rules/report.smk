"""The report, and everything that it shows.

NEEDS: tables and figures of the experiments under `run`
MAKES: results/report.html, results/<experiment>/explorer.html, results/rule_graph.dot
"""

from lensflow.report.shown import shown_figures, shown_paths


rule draw_rule_graph:
    """Ask Snakemake for the graph of its rules."""
    output:
        graph="results/rule_graph.dot",
    log:
        "results/logs/draw_rule_graph.log",
    benchmark:
        "results/benchmarks/draw_rule_graph.tsv"
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(10),
    params:
        snakefile=workflow.main_snakefile,
        config=config,
    script:
        "../../scripts/draw_rule_graph.py"


rule write_explorer:
    """Write a page with a map of the features of the headline model, pictures and look-alikes."""
    input:
        embeddings=lambda wildcards: experiment(wildcards).headline_path(
            f"embeddings_{experiment(wildcards).explored_sample}.h5"
        ),
        scores=lambda wildcards: experiment(wildcards).headline_path(
            f"scores_{experiment(wildcards).explored_sample}.csv"
        ),
        images=of_experiment(lambda each: each.explored_dataset.image_paths),
        graded=of_experiment(lambda each: each.explored_grades),
    output:
        page="results/{experiment}/explorer.html",
    log:
        "results/logs/{experiment}/write_explorer.log",
    benchmark:
        "results/benchmarks/{experiment}/write_explorer.tsv"
    priority: scheduling.LONG
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        sample=of_experiment(lambda each: each.explored_sample),
        judgement=of_experiment(lambda each: each.judgement.name),
        scaling=of_experiment(lambda each: each.shown_scale),
        seed=config["seed"],
        code=stage_hash("write_explorer.py"),
    script:
        "../../scripts/write_explorer.py"


rule write_report:
    """Write one self-contained page on what was run, on which data, and what came out."""
    input:
        shown=[path for each in PROJECT.chosen for path in shown_paths(each)],
        images=[path for each in PROJECT.chosen for path in each.candidate_image_paths],
        explorers=[each.explorer_path for each in PROJECT.chosen],
        pages=PROJECT.page_paths,
        rule_graph="results/rule_graph.dot",
        comparison="results/paper_comparison.csv" if PROJECT.compared else [],
    output:
        report="results/report.html",
    log:
        "results/logs/write_report.log",
    benchmark:
        "results/benchmarks/write_report.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1000, 4),
        runtime=minutes(15),
    params:
        experiments=[
            {
                "config_path": each.config_path,
                "figures": shown_figures(each),
            }
            for each in PROJECT.chosen
        ],
        benchmarks="results/benchmarks",
        code=stage_hash("write_report.py"),
    script:
        "../../scripts/write_report.py"
