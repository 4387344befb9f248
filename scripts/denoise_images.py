"""Denoise one shard of a dataset that the models are applied to, for whoever wants to look."""

from lensflow.embed.images import denoise_images
from lensflow.networks.runtime import start_backend
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        start_backend(snakemake.params.backend, snakemake.params.math_threads)
        denoise_images(
            images_path=snakemake.input.images,
            denoiser_path=snakemake.input.denoiser,
            preset=snakemake.params.preset,
            scale=snakemake.wildcards.scale,
            output_path=snakemake.output.stack,
        )
