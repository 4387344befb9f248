"""Fit an encoder that is no network: a scale, a number of features, a run."""

from lensflow.embed.fitting import fit_encoder
from lensflow.seeds import rng
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        features, run = int(snakemake.wildcards.features), int(snakemake.wildcards.run)
        drawn = rng(snakemake.params.seed, "fit_encoder", snakemake.wildcards.scale, features, run)
        fit_encoder(
            encoder=snakemake.wildcards.encoder,
            stack_paths=snakemake.input.stacks,
            preset=snakemake.params.preset,
            n_features=features,
            # Runs differ by the seed that their number gives.
            seed=int(drawn.integers(2**31)),
            output_path=snakemake.output.encoder,
            n_threads=snakemake.params.math_threads,
        )
