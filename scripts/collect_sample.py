"""Join the shards of a sample: one file of embeddings, one table of scores."""

from lensflow.samples.embeddings import merge_embeddings
from lensflow.samples.scores import merge_scores
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        merge_embeddings(snakemake.input.embeddings, snakemake.output.embeddings)
        merge_scores(snakemake.input.scores, snakemake.output.scores)
