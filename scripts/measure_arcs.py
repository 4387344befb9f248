"""Measure how arc-like the images of one shard of a dataset are."""

from lensflow.evaluate.arc_tables import measure_arcs
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        measure_arcs(images_path=snakemake.input.images, output_path=snakemake.output.arcs)
