"""Assign the objects of a dataset to the training and the test sample."""

from lensflow.prepare.splits import split_dataset
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        split_dataset(
            index_path=snakemake.input.index,
            output_path=snakemake.output.split,
            protocol=snakemake.params.protocol,
            fraction=snakemake.params.fraction,
            seed=snakemake.params.seed,
        )
