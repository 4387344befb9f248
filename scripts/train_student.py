"""Train the student of one run on what clusters and grades say of the training images."""

from lensflow.networks.runtime import start_backend
from lensflow.samples.grades import read_labels
from lensflow.train.targets import read_targets
from lensflow.workflow.jobs import job
from lensflow.workflow.training import training_arguments

if __name__ == "__main__":
    with job(snakemake):
        start_backend(snakemake.params.backend, snakemake.params.math_threads)
        # Keras takes the backend that is set when it is imported.
        from lensflow.train.network import train_network

        train_network(
            **training_arguments(snakemake.wildcards.student, snakemake),
            targets=read_targets(
                list(snakemake.input.stacks),
                list(snakemake.input.scores),
                snakemake.wildcards.judgement,
                read_labels(snakemake.input.grades, snakemake.params.dataset),
            ),
        )
