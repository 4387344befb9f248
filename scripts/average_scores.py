"""Average the lens probabilities of experiments that stand side by side, for one shard."""

from lensflow.cluster.combining import average_scores_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        average_scores_stage(
            score_paths=snakemake.input.scores,
            judgements=snakemake.params.judgements,
            output_path=snakemake.output.scores,
        )
