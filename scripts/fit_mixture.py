"""Fit the Bayesian Gaussian mixture of one run (paper section 2.2)."""

from lensflow.cluster.fitting import fit_mixture_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        fit_mixture_stage(
            embedding_paths=snakemake.input.embeddings,
            mixture_path=snakemake.output.mixture,
            template_path=snakemake.output.template,
            n_threads=snakemake.params.math_threads,
            seed=snakemake.params.seed,
            **{**snakemake.params.mixture, "n_components": snakemake.params.n_components},
        )
