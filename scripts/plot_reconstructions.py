"""Draw what the feature autoencoder makes of its input."""

from lensflow.figures.images import reconstruction_examples
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    reconstruction_examples(
        examples=snakemake.input.examples,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        seed=snakemake.params.seed,
    )
