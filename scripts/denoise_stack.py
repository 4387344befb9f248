"""Denoise one shard of a sample and stretch it to [0, 1] again."""

from lensflow.logs import start_log
from lensflow.training import denoise_stack, start_backend

if __name__ == "__main__":
    start_log(snakemake.log[0])
    start_backend(snakemake.params.backend, snakemake.params.math_threads)
    denoise_stack(
        preset=snakemake.params.preset,
        weights=snakemake.input.weights,
        stack=snakemake.input.stack,
        output=snakemake.output.stack,
        batch=snakemake.params.preset["training"]["denoiser"]["batch_size"],
    )
