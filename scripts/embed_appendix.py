"""Embed one shard of the source-only images with a trained encoder (appendix A)."""

from lensflow.embed.images import embed_images
from lensflow.networks.runtime import start_backend
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        start_backend(snakemake.params.backend, snakemake.params.math_threads)
        embed_images(
            images_path=snakemake.input.images,
            denoiser_path=snakemake.input.denoiser or None,
            encoder=snakemake.params.encoder,
            encoder_path=snakemake.input.encoder,
            preset=snakemake.params.preset,
            n_features=int(snakemake.wildcards.features),
            scale=snakemake.wildcards.scale,
            output_path=snakemake.output.embeddings,
            layer="source_flux",
        )
