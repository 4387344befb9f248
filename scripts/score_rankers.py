"""Rank the finder's samples by what stands beside it: controls on the same images."""

from lensflow.evaluate.beside import score_rankers_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        score_rankers_stage(
            rankers=snakemake.params.rankers,
            files=dict(snakemake.input.items()),
            output_path=snakemake.output.rankers,
            scale=snakemake.params.scale,
            image_size=snakemake.params.image_size,
            mixture_settings=snakemake.params.mixture,
            seed=snakemake.params.seed,
            n_threads=snakemake.params.math_threads,
        )
