"""Draw a mixture of three Gaussians fitted to points in two dimensions (Fig. 2)."""

from lensflow.figures.mixture_illustration import mixture_illustration
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    mixture_illustration(
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        seed=snakemake.params.seed,
    )
