"""What names a run; the rules read this whenever Snakemake starts, so it loads nothing."""

from typing import NamedTuple


class Run(NamedTuple):
    """One trained and clustered encoder of an experiment."""

    scale: str
    n_features: int
    run: int
