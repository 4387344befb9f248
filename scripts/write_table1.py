"""Write the test sets of table 1 as they were drawn (section 3.1)."""

from lensflow.paper.table1 import table1_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        table1_stage(snakemake.input.split, snakemake.output.table, snakemake.params.seed)
