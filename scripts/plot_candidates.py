"""Draw the best candidates of a dataset."""

from lensflow.figures.candidates import candidate_sheet
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    candidate_sheet(
        candidates=snakemake.input.candidates,
        shards=snakemake.input.images,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        scaling=snakemake.params.scale,
    )
