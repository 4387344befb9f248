"""Compare the autoencoder with principal components."""

from lensflow.figures.metrics import baseline_comparison
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    baseline_comparison(
        metrics=snakemake.input.metrics,
        baselines=snakemake.input.baselines,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        where=snakemake.params.where,
    )
