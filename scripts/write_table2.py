"""Write the challenge's table of methods with ours among them (table 2)."""

from lensflow.paper.table2 import table2_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        table2_stage(
            training_folder=snakemake.params.training,
            challenge_folder=snakemake.params.challenge,
            output=snakemake.output.table,
        )
