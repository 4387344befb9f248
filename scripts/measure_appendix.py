"""Measure how well clusters of source-only images separate lenses from non-lenses (appendix A)."""

from lensflow.paper.appendix import measure_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        runs = snakemake.params.runs
        shards = list(snakemake.input.embeddings)
        per_run = len(shards) // len(runs)
        measure_stage(
            runs=runs,
            embedding_paths=[
                shards[place * per_run : (place + 1) * per_run] for place in range(len(runs))
            ],
            mixture_paths=snakemake.input.mixtures,
            output=snakemake.output.table,
        )
