"""Draw images before and after the denoiser (Fig. 4)."""

from lensflow.figures.images import denoising_examples
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    denoising_examples(
        raw=snakemake.input.raw,
        denoised=snakemake.input.denoised,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        seed=snakemake.params.seed,
    )
