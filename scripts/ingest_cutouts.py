"""Read, check and store one shard of a dataset's cutouts."""

from lensflow.ingest.ingestion import ingest_shard
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
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
