"""Put the paper's numbers and ours side by side."""

from lensflow.paper.comparison import compare_stage
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    compare_stage(snakemake.params.experiments, snakemake.output.table)
