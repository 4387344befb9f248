"""Draw the challenge's table of methods with ours among them (table 2)."""

from lensflow.figures.challenge import method_table
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    method_table(snakemake.input.table, snakemake.output.png, snakemake.output.pdf)
