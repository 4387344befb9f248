"""Draw the AUC that shuffled labels give beside that of the true ones."""

from lensflow.figures.features import null_distribution
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    null_distribution(
        null=snakemake.input.null,
        metrics=snakemake.input.metrics,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        where=snakemake.params.where,
    )
