"""Train one feature autoencoder: a scale, a number of features, a run."""

from lensflow.networks.runtime import start_backend
from lensflow.seeds import rng
from lensflow.train.stops import job_deadline
from lensflow.workflow.jobs import job


def train(inputs, outputs, params, resources, wildcards):
    """Train with the rule's plain values; runs differ by the seed that their number gives."""
    # Keras takes the backend that is set when it is imported.
    from lensflow.train.network import train_network

    features, run = int(wildcards.features), int(wildcards.run)
    seed = rng(params.seed, "train_autoencoder", wildcards.scale, features, run)
    train_network(
        "autoencoder",
        params.preset,
        list(inputs.stacks),
        outputs.weights,
        outputs.history,
        outputs.report,
        examples_path=outputs.examples,
        n_features=features,
        seed=int(seed.integers(2**31)),
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
            snakemake.wildcards,
        )
