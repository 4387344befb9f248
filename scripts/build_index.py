"""List the objects of all shards of a dataset and everything that was left out."""

from lensflow.ingest.ingestion import build_index
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        build_index(
            name=snakemake.wildcards.dataset,
            dataset=snakemake.params.dataset,
            images=snakemake.input.images,
            quarantines=[snakemake.input.listing, *snakemake.input.quarantine],
            index=snakemake.output.index,
            merged_quarantine=snakemake.output.quarantine,
        )
