"""Assign the objects of a dataset to the training and the test sample."""

from lensflow.prepare.preparation import write_split
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    write_split(
        index=snakemake.input.index,
        output=snakemake.output.split,
        protocol=snakemake.params.protocol,
        fraction=snakemake.params.fraction,
        seed=snakemake.params.seed,
    )
