"""Write the test sets of table 1 as they were drawn (section 3.1)."""

from lensflow.logs import start_log
from lensflow.paper.tables import table1_stage

if __name__ == "__main__":
    start_log(snakemake.log[0])
    table1_stage(snakemake.input.split, snakemake.output.table, snakemake.params.seed)
