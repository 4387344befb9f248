"""Scale one shard of a sample, with its quarter turns and its noise."""

from lensflow.prepare.stacks import prepare_stack
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        prepare_stack(
            split_path=snakemake.input.split,
            index_path=snakemake.input.index,
            image_paths=snakemake.input.images,
            output_path=snakemake.output.stack,
            sample=snakemake.wildcards.part,
            shard=int(snakemake.wildcards.shard),
            n_shards=snakemake.params.n_shards,
            scale=snakemake.wildcards.scale,
            image_size=snakemake.params.image_size,
            noise_fraction=snakemake.params.noise_fraction,
            seed=snakemake.params.seed,
        )
