"""Denoise and embed one shard of a dataset that the models are applied to."""

from lensflow.embed.images import embed_images
from lensflow.networks.runtime import start_backend
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        if snakemake.params.backend:
            start_backend(snakemake.params.backend, snakemake.params.math_threads)
        embed_images(
            images_path=snakemake.input.images,
            # A list, empty where the encoder sees images as they are prepared.
            denoiser_path=next(iter(snakemake.input.denoiser), None),
            encoder=snakemake.params.encoder,
            encoder_path=snakemake.input.encoder,
            preset=snakemake.params.preset,
            n_features=int(snakemake.wildcards.features),
            scale=snakemake.wildcards.scale,
            output_path=snakemake.output.embeddings,
        )
