"""Keep the effective configuration of an experiment beside its results."""

from lensflow import tables
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        tables.write_text(snakemake.output.config, snakemake.params.text)
