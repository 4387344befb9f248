"""Add what graded images say to the scores of one shard."""

from lensflow.cluster.grading import add_head_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        add_head_stage(
            scores_path=snakemake.input.scores,
            embeddings_path=snakemake.input.embeddings,
            head_path=snakemake.input.head,
            output_path=snakemake.output.scores,
            n_threads=snakemake.params.math_threads,
            is_limited=not snakemake.params.students,
        )
