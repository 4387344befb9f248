"""Draw the clusters of the source-only images, a column a cluster (Fig. A1)."""

from lensflow.figures.source_sheet import source_columns
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    source_columns(
        embeddings=snakemake.input.embeddings,
        mixture=snakemake.input.mixture,
        shards=snakemake.input.images,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        seed=snakemake.params.seed,
    )
