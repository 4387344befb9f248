"""Draw the losses of the denoisers and of the feature autoencoders."""

from lensflow.figures.training_curves import training_curves
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    denoisers = zip(snakemake.params.denoisers, snakemake.input.denoisers, strict=True)
    autoencoders = zip(snakemake.params.autoencoders, snakemake.input.autoencoders, strict=True)
    training_curves(
        panels=[("denoiser", dict(denoisers)), ("feature autoencoder", dict(autoencoders))],
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
    )
