"""Put the paper's numbers and ours side by side."""

from lensflow.paper.comparison import compare_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        compare_stage(snakemake.params.experiments, snakemake.output.table)
