"""Embed one shard of the training or the test sample."""

from lensflow.embed.stacks import embed_stack
from lensflow.networks.runtime import start_backend
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        if snakemake.params.backend:
            start_backend(snakemake.params.backend, snakemake.params.math_threads)
        embed_stack(
            stack_path=snakemake.input.stack,
            index_path=snakemake.input.index,
            encoder=snakemake.params.encoder,
            encoder_path=snakemake.input.encoder,
            preset=snakemake.params.preset,
            n_features=int(snakemake.wildcards.features),
            output_path=snakemake.output.embeddings,
        )
