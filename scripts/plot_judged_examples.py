"""Draw members of the clusters judged 0, 0.5 and 1 (Fig. 5)."""

from lensflow.figures.sheets import judged_examples
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    judged_examples(
        embeddings=snakemake.input.embeddings,
        mixture=snakemake.input.mixture,
        labels=snakemake.input.labels,
        stacks=snakemake.input.stacks,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        seed=snakemake.params.seed,
    )
