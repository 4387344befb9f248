"""Join the catalogues of all simulated shards into the challenge's classifications.csv."""

import logging

from lensflow.simulate.layout import merge_catalogues
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        count = merge_catalogues(snakemake.input.parts, snakemake.output.catalogue)
        logging.getLogger("lensflow").info("joined the catalogues of %d objects", count)
