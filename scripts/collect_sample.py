"""Join the shards of a sample: one file of embeddings, one table of scores."""

from lensflow.samples.embeddings import merge_embeddings
from lensflow.samples.scores import merge_scores
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    merge_embeddings(snakemake.input.embeddings, snakemake.output.embeddings)
    merge_scores(snakemake.input.scores, snakemake.output.scores)
