"""Write the explorer: a map of the features of a sample, with pictures and look-alikes."""

from lensflow.report.explorer import explorer_stage
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
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
    )
