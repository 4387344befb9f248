"""Draw members of the clusters of one kind, a column a cluster (Figs. 10, 11, 12, A1)."""

from lensflow.figures.sheets import cluster_columns
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    cluster_columns(
        embeddings=snakemake.input.embeddings,
        mixture=snakemake.input.mixture,
        stacks=snakemake.input.stacks,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        variant=snakemake.params.variant,
        shards=snakemake.input.get("images", []),
        seed=snakemake.params.seed,
    )
