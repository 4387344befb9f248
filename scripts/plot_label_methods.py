"""Compare the ways of labelling clusters (Fig. 8)."""

from lensflow.figures.metrics import label_methods
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    label_methods(
        roc=snakemake.input.roc,
        summary=snakemake.input.summary,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        where=snakemake.params.where,
    )
