"""Figures: they read tables and artifacts, and never train anything.

NEEDS: the tables, embeddings, mixtures and histories of an experiment
MAKES: results/<experiment>/figures/<name>.png and .pdf, a rule for each entry of the table in
       scripts/lensflow/figures/catalogue.py
"""

from lensflow.figures.catalogue import FIGURES

for figure in FIGURES:

    rule:
        name:
            f"plot_{figure.name}"
        input:
            unpack(of_experiment(figure.inputs)),
        output:
            png=report(
                f"results/{{experiment}}/figures/{figure.stem}.png",
                caption=f"../report/captions/{figure.name}.rst",
                category="{experiment}",
                labels={"figure": figure.title, **figure.labels},
            ),
            pdf=f"results/{{experiment}}/figures/{figure.stem}.pdf",
        log:
            f"results/logs/{{experiment}}/{figure.job}.log",
        benchmark:
            f"results/benchmarks/{{experiment}}/{figure.job}.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=megabytes(1500, 1),
            runtime=minutes(15, 10),
        params:
            draw=figure.draw,
            values=of_experiment(figure.params),
            code=stage_hash("draw_figure.py", figure.module),
        script:
            "../../scripts/draw_figure.py"
