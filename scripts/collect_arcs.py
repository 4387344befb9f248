"""Join the shards of a sample's arc statistic into one table."""

from lensflow.samples.scores import merge_scores
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        merge_scores(snakemake.input.arcs, snakemake.output.arcs)
