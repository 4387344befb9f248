"""Write the explorer: a map of the features of a sample, with pictures and look-alikes."""

from lensflow.report.explorer import explorer_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        explorer_stage(
            embeddings=snakemake.input.embeddings,
            scores=snakemake.input.scores,
            shards=snakemake.input.images,
            output=snakemake.output.page,
            experiment=snakemake.wildcards.experiment,
            sample=snakemake.params.sample,
            judgement=snakemake.params.judgement,
            scaling=snakemake.params.scaling,
            seed=snakemake.params.seed,
            graded=snakemake.input.graded,
        )
