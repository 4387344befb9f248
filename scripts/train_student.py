"""Train the student of one run on what its judged clusters say of the training images."""

from lensflow.networks.runtime import start_backend
from lensflow.seeds import rng
from lensflow.train.stops import job_deadline
from lensflow.train.targets import read_targets
from lensflow.workflow.jobs import job


def train(inputs, outputs, params, resources, wildcards):
    """Train with the rule's plain values; students of one run differ by what they are told."""
    # Keras takes the backend that is set when it is imported.
    from lensflow.train.network import train_network

    features, run = int(wildcards.features), int(wildcards.run)
    seed = rng(params.seed, "train_student", wildcards.scale, features, run)
    stacks = list(inputs.stacks)
    train_network(
        "student",
        params.preset,
        stacks,
        outputs.weights,
        outputs.history,
        outputs.report,
        targets=read_targets(stacks, list(inputs.scores), wildcards.judgement),
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
