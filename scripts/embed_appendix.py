"""Embed one shard of the source-only images with a trained autoencoder (appendix A)."""

from lensflow.embed.embedding import embed_images
from lensflow.networks.runtime import start_backend
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    start_backend(snakemake.params.backend, snakemake.params.math_threads)
    embed_images(
        images=snakemake.input.images,
        denoiser_weights=snakemake.input.denoiser or None,
        weights=snakemake.input.weights,
        preset=snakemake.params.preset,
        n_features=int(snakemake.wildcards.features),
        method=snakemake.wildcards.scale,
        output=snakemake.output.embeddings,
        layer="source_flux",
    )
