"""Draw a confusion matrix (Figs. 9, 14)."""

from lensflow.figures.metrics import confusion_matrix
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    confusion_matrix(
        metrics=snakemake.input.metrics,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        where=snakemake.params.where,
    )
