"""Fit the Bayesian Gaussian mixture of one run (paper section 2.2)."""

from lensflow.cluster.fitting import fit_mixture_stage
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    fit_mixture_stage(
        embedding_paths=snakemake.input.embeddings,
        mixture_path=snakemake.output.mixture,
        template_path=snakemake.output.template,
        n_threads=snakemake.params.math_threads,
        seed=snakemake.params.seed,
        **{**snakemake.params.mixture, "n_components": snakemake.params.n_components},
    )
