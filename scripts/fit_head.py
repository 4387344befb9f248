"""Fit the head of one run to graded images."""

from lensflow.cluster.grading import GradedSample, fit_head_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        scores, embeddings = iter(snakemake.input.scores), iter(snakemake.input.embeddings)
        fit_head_stage(
            grade_paths=snakemake.input.grades,
            samples=[
                GradedSample(
                    dataset,
                    [next(scores) for _ in range(n_shards)],
                    [next(embeddings) for _ in range(n_shards)],
                )
                for dataset, n_shards in snakemake.params.samples
            ],
            judgements=snakemake.params.judgements,
            head_path=snakemake.output.head,
            answer_paths=dict(zip(snakemake.params.hidden, snakemake.input.answers, strict=True)),
            n_threads=snakemake.params.math_threads,
            is_limited=not snakemake.params.students,
        )
