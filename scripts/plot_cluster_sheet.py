"""Draw 25 members of every cluster, with what true labels say or without."""

from lensflow.figures.sheets import cluster_sheet
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    cluster_sheet(
        embeddings=snakemake.input.embeddings,
        mixture=snakemake.input.mixture,
        stacks=snakemake.input.stacks,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        labelled=snakemake.params.labelled,
        choice=snakemake.params.choice,
        seed=snakemake.params.seed,
    )
