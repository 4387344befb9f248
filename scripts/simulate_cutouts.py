"""Simulate one shard of a dataset in the challenge's layout."""

import logging
from pathlib import Path

from lensflow.simulate.shards import shard_objects, simulate_shard
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        dataset = snakemake.params.dataset
        objects = shard_objects(
            n_objects=dataset["n_objects"],
            n_shards=dataset["shards"],
            shard=int(snakemake.wildcards.shard),
            first_id=dataset["first_id"],
        )
        lenses = simulate_shard(
            folder=Path(snakemake.output.catalogue).parent,
            population=dataset["population"],
            first_id=objects.start,
            n_objects=len(objects),
            seed=snakemake.params.seed,
            bands=dataset.get("bands", ("VIS",)),
        )
        logging.getLogger("lensflow").info(
            "simulated %d objects, %d of them lenses", len(objects), lenses
        )
