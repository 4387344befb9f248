"""What serves Snakemake: the configuration, the code hash, checks of how it is run, and logs."""
