"""Denoise one shard of a sample and stretch it to [0, 1] again."""

from lensflow.networks.runtime import start_backend
from lensflow.train.denoised import denoise_stack
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        start_backend(snakemake.params.backend, snakemake.params.math_threads)
        denoise_stack(
            stack_path=snakemake.input.stack,
            denoiser_path=snakemake.input.weights,
            preset=snakemake.params.preset,
            output_path=snakemake.output.stack,
        )
