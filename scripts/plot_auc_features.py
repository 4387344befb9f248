"""Draw the AUC against the number of features (Fig. 7)."""

from lensflow.figures.features import auc_by_features
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    auc_by_features(
        summary=snakemake.input.summary,
        png=snakemake.output.png,
        pdf=snakemake.output.pdf,
        where=snakemake.params.where,
    )
