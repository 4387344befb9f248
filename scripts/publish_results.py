"""Copy the figures and tables that the repository shows, and write the page about them."""

from lensflow.paper.publish import publish_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        publish_stage(
            experiments=snakemake.params.experiments,
            comparison=snakemake.input.comparison,
            results="results",
            command=snakemake.params.command,
            readme=snakemake.output.readme,
        )
