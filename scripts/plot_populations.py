"""Compare how visible the lenses of datasets are (Fig. 15)."""

from lensflow.figures.populations import population_comparison
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    population_comparison(
        indices=dict(zip(snakemake.params.datasets, snakemake.input.indices, strict=True)),
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
    )
