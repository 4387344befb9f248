"""Scale one shard of a sample, with its quarter turns and its noise."""

from lensflow.prepare.preparation import prepare_stack
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    prepare_stack(
        split=snakemake.input.split,
        index=snakemake.input.index,
        images=snakemake.input.images,
        output=snakemake.output.stack,
        sample=snakemake.wildcards.part,
        shard=int(snakemake.wildcards.shard),
        n_shards=snakemake.params.n_shards,
        method=snakemake.wildcards.scale,
        image_size=snakemake.params.image_size,
        noise_fraction=snakemake.params.noise_fraction,
        seed=snakemake.params.seed,
    )
