"""List the objects of all shards of a dataset and everything that was left out."""

from lensflow.ingest.ingestion import build_index
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    build_index(
        name=snakemake.wildcards.dataset,
        dataset=snakemake.params.dataset,
        images=snakemake.input.images,
        quarantines=[snakemake.input.listing, *snakemake.input.quarantine],
        index=snakemake.output.index,
        merged_quarantine=snakemake.output.quarantine,
    )
