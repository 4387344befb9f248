"""Join the catalogues of all simulated shards into the challenge's classifications.csv."""

import logging

from lensflow.simulate.layout import merge_catalogues
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    count = merge_catalogues(snakemake.input.parts, snakemake.output.catalogue)
    logging.getLogger("lensflow").info("joined the catalogues of %d objects", count)
