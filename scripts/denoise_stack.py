"""Denoise one shard of a sample and stretch it to [0, 1] again."""

from lensflow.networks.runtime import start_backend
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    start_backend(snakemake.params.backend, snakemake.params.math_threads)
    # Keras takes the backend that is set when it is imported.
    from lensflow.networks.inference import denoise_stack

    denoise_stack(
        preset=snakemake.params.preset,
        weights=snakemake.input.weights,
        stack=snakemake.input.stack,
        output=snakemake.output.stack,
        batch=snakemake.params.preset["training"]["denoiser"]["batch_size"],
    )
