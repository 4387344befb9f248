"""Turn the embeddings of one shard into lens probabilities (paper equation 7)."""

from lensflow.cluster.scoring import score_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        score_stage(
            mixture_path=snakemake.input.mixture,
            embeddings_path=snakemake.input.embeddings,
            label_paths=dict(zip(snakemake.params.judgements, snakemake.input.labels, strict=True)),
            scores_path=snakemake.output.scores,
            prior=snakemake.params.prior,
            further_paths=list(zip(snakemake.input.further, snakemake.input.shares, strict=True)),
        )
