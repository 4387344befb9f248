"""Simulated strong lenses and non-lenses in the layout of the Lens Finding Challenge 1.0."""

from .layout import merge_catalogues
from .population import Population, load, names
from .shards import FIRST_ID, simulate_object, simulate_shard

__all__ = [
    "FIRST_ID",
    "Population",
    "load",
    "merge_catalogues",
    "names",
    "simulate_object",
    "simulate_shard",
]
