"""Say which clusters of one run to look at next."""

from lensflow.cluster.looks import choose_looks_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        choose_looks_stage(
            mixture_path=snakemake.input.mixture,
            embedding_paths=snakemake.input.embeddings,
            # Nothing, as long as nobody has judged.
            labels_path=next(iter(snakemake.input.labels), None),
            prior=snakemake.params.prior,
            n_candidates=snakemake.params.n_candidates,
            output_path=snakemake.output.looks,
        )
