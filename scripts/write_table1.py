"""Write the test sets of table 1 as they were drawn (section 3.1)."""

from lensflow.paper.table1 import table1_stage
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    table1_stage(snakemake.input.split, snakemake.output.table, snakemake.params.seed)
