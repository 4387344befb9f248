"""List the files of a dataset and join them with its catalogue."""

from lensflow.ingest.ingestion import build_manifest
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        build_manifest(
            name=snakemake.wildcards.dataset,
            dataset=snakemake.params.dataset,
            folder=snakemake.params.folder,
            manifest=snakemake.output.manifest,
            listing_quarantine=snakemake.output.quarantine,
        )
