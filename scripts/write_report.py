"""Write the report: one HTML file that holds everything it shows."""

from pathlib import Path

from lensflow.report.page import write_report
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        write_report(
            output=snakemake.output.report,
            experiments=snakemake.params.experiments,
            comparison=snakemake.input.comparison or None,  # an empty list where none is made
            benchmarks=snakemake.params.benchmarks,
            rule_graph=Path(snakemake.input.rule_graph).read_text(),
        )
