"""Write purity, completeness and contamination at the ratios of table 1 (beside Figs. 13, 14)."""

from lensflow.paper.ranking import ranking_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        ranking_stage(
            score_paths=snakemake.input.scores,
            output=snakemake.output.table,
            judgement=snakemake.params.judgement,
            ratios=snakemake.params.ratios,
            seed=snakemake.params.seed,
        )
