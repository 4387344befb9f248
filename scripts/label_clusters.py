"""Judge the clusters of one run by true labels (paper section 3.3), or by injected lenses."""

from lensflow.cluster.labelling import label_clusters_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        label_clusters_stage(
            mixture_path=snakemake.input.mixture,
            embedding_paths=snakemake.input.embeddings,
            labels_path=snakemake.output.labels,
            judgement=snakemake.wildcards.judgement,
            seed=snakemake.params.seed,
            injected_paths=snakemake.input.injected,
        )
