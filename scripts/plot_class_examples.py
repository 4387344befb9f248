"""Draw examples of lenses and non-lenses (Fig. 3)."""

from lensflow.figures.images import class_examples
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    class_examples(
        index=snakemake.input.index,
        shards=snakemake.input.images,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        scaling=snakemake.params.scale,
        seed=snakemake.params.seed,
    )
