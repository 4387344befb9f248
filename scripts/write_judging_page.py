"""Write the page on which a person judges the clusters of one run, or of several."""

from lensflow.report.judging import write_judging_page
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        write_judging_page(
            output=snakemake.output.page,
            experiment=snakemake.wildcards.experiment,
            names=snakemake.params.models,
            mixtures=snakemake.input.mixtures,
            embeddings=snakemake.input.embeddings,
            images=snakemake.input.images,
            denoised=snakemake.input.denoised,
            dataset=snakemake.params.dataset,
            blind=snakemake.params.blind,
            seed=snakemake.params.seed,
        )
