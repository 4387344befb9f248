"""Principal components in place of the autoencoder, for one scale: the baseline of the networks."""

from lensflow.evaluate.baselines import fit_baseline_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        inputs = snakemake.input
        stacks = {
            "pca_raw": {"train": inputs.raw_train, "test": inputs.raw_test},
            "pca_denoised": {"train": inputs.denoised_train, "test": inputs.denoised_test},
        }
        fit_baseline_stage(
            # An encoder that sees images as they are prepared has no denoised ones.
            stacks={name: shards for name, shards in stacks.items() if shards["train"]},
            pooling=snakemake.params.pooling,
            index_path=inputs.index,
            output_path=snakemake.output.baselines,
            scale=snakemake.wildcards.scale,
            n_features=snakemake.params.n_features,
            n_runs=snakemake.params.runs,
            mixture_settings=snakemake.params.mixture,
            seed=snakemake.params.seed,
            n_threads=snakemake.params.math_threads,
        )
