"""Keep the effective configuration of an experiment beside its results."""

from lensflow.files import writing
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        writing.write_text(snakemake.output.config, snakemake.params.text)
