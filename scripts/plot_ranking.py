"""Draw purity and completeness among the best N images."""

from lensflow.figures.ranking import ranking_curves
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    ranking_curves(
        scores=snakemake.input.scores,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        labels=snakemake.params.labels,
        ratios=snakemake.params.ratios,
        seed=snakemake.params.seed,
    )
