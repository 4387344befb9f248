"""Train the denoiser of an experiment and scale on its training sample."""

from lensflow.networks.runtime import start_backend
from lensflow.workflow.jobs import job
from lensflow.workflow.training import training_arguments

if __name__ == "__main__":
    with job(snakemake):
        start_backend(snakemake.params.backend, snakemake.params.math_threads)
        # Keras takes the backend that is set when it is imported.
        from lensflow.train.network import train_network

        train_network(**training_arguments("denoiser", snakemake))
