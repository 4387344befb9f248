"""Write the page on which people grade the best candidates of a dataset."""

from lensflow.report.grading import write_grading_page
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        write_grading_page(
            output=snakemake.output.page,
            experiment=snakemake.wildcards.experiment,
            dataset=snakemake.wildcards.dataset,
            candidates=snakemake.input.candidates,
            images=snakemake.input.images,
            hidden=next(iter(snakemake.input.hidden), None),
            n_graded=snakemake.params.n_graded,
            seed=snakemake.params.seed,
        )
