"""Draw the feature autoencoder of a preset (Fig. 1)."""

from lensflow.figures.architecture import architecture
from lensflow.networks.presets import describe
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    architecture(
        layers=describe(snakemake.params.preset, snakemake.params.n_features),
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
    )
