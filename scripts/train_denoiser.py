"""Train the denoiser of an experiment and scale on its training sample."""

from lensflow.networks.runtime import start_backend
from lensflow.seeds import rng
from lensflow.train.stops import job_deadline
from lensflow.workflow.jobs import job


def train(inputs, outputs, params, resources, scale):
    """Train with the rule's plain values; one denoiser serves all feature counts and runs."""
    # Keras takes the backend that is set when it is imported.
    from lensflow.train.network import train_network

    train_network(
        "denoiser",
        params.preset,
        list(inputs.stacks),
        outputs.weights,
        outputs.history,
        outputs.report,
        seed=int(rng(params.seed, "train_denoiser", scale).integers(2**31)),
        data_on=params.data_on,
        xla=params.xla,
        backup_folder=params.backup,
        deadline=job_deadline(resources.get("runtime")),
        code=params.code,
    )


if __name__ == "__main__":
    with job(snakemake):
        start_backend(snakemake.params.backend, snakemake.params.math_threads)
        train(
            snakemake.input,
            snakemake.output,
            snakemake.params,
            snakemake.resources,
            snakemake.wildcards.scale,
        )
