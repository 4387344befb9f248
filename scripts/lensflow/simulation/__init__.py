"""Simulated strong lenses and non-lenses in the layout of the Lens Finding Challenge 1.0.

Importing the package loads no SciPy: to merge catalogues needs none.
"""

from lensflow.simulation.layout import merge_catalogues
from lensflow.simulation.population import Population, load, names

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


def __getattr__(name):
    if name in __all__:
        # An import, not the name of a module: the code hash of a stage follows import statements.
        from lensflow.simulation import shards

        return getattr(shards, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
