"""Simulated strong lenses and non-lenses in the layout of the Lens Finding Challenge 1.0."""

from lensflow.simulation.layout import merge_catalogues
from lensflow.simulation.population import Population, load, names
from lensflow.simulation.shards import FIRST_ID, shard_objects, simulate_object, simulate_shard

__all__ = [
    "FIRST_ID",
    "Population",
    "load",
    "merge_catalogues",
    "names",
    "shard_objects",
    "simulate_object",
    "simulate_shard",
]
