"""Measure how arc-like the images of one shard of the training or the test sample are."""

from lensflow.evaluate.arc_tables import measure_arcs_of_stack
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        measure_arcs_of_stack(
            stack_path=snakemake.input.stack,
            index_path=snakemake.input.index,
            image_paths=snakemake.input.images,
            output_path=snakemake.output.arcs,
        )
