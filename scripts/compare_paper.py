"""Put the paper's numbers and ours side by side."""

from lensflow.logs import start_log
from lensflow.paper.comparison import compare_stage

if __name__ == "__main__":
    start_log(snakemake.log[0])
    compare_stage(snakemake.params.experiments, snakemake.output.table)
