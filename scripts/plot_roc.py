"""Draw ROC curves that differ in one column of the table (Figs. 13, 16)."""

from lensflow.figures.roc import roc_curves
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    roc_curves(
        roc=snakemake.input.roc,
        summary=snakemake.input.summary,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        compare=snakemake.params.compare,
        where=snakemake.params.where,
        values=snakemake.params.get("values", []),
    )
