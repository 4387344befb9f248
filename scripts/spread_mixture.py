"""Fit a further mixture, over which the judgement of another is spread."""

from lensflow.cluster.spread import spread_mixture_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        spread_mixture_stage(
            embedding_paths=snakemake.input.embeddings,
            judged_path=snakemake.input.judged,
            mixture_path=snakemake.output.mixture,
            shares_path=snakemake.output.shares,
            n_threads=snakemake.params.math_threads,
            seed=snakemake.params.seed,
            **{**snakemake.params.mixture, "n_components": snakemake.params.n_components},
        )
