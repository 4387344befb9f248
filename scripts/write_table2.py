"""Write the challenge's table of methods with ours among them (table 2)."""

from lensflow.paper.table2 import table2_stage
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    table2_stage(
        training_folder=snakemake.params.training,
        challenge_folder=snakemake.params.challenge,
        output=snakemake.output.table,
    )
