"""lensflow: unsupervised strong-lens finding (Cheng et al. 2020) as a library.

The modules know nothing of Snakemake; the workflow's scripts call them with plain arguments.
"""

__version__ = "0.1.0"
