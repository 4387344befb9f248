"""Read, check and store one shard of a dataset's cutouts."""

from lensflow.ingest.ingestion import ingest_shard
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    ingest_shard(
        name=snakemake.wildcards.dataset,
        dataset=snakemake.params.dataset,
        folder=snakemake.params.folder,
        shard=int(snakemake.wildcards.shard),
        manifest=snakemake.input.manifest,
        images=snakemake.output.images,
        shard_quarantine=snakemake.output.quarantine,
        seed=snakemake.params.seed,
    )
