"""Count the clusters of each kind and the lenses in the lens-like ones (section 4.2.1)."""

from lensflow.paper.clusters import count_clusters_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        count_clusters_stage(
            runs=snakemake.params.runs,
            score_paths=snakemake.input.scores,
            mixture_paths=snakemake.input.mixtures,
            clusters_path=snakemake.output.clusters,
            counts_path=snakemake.output.counts,
        )
