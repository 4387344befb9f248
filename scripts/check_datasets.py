"""Count what an experiment has to work with, before a network is trained."""

from lensflow.prepare.datasets import check_datasets
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        check_datasets(
            names=snakemake.params.names,
            index_paths=snakemake.input.indexes,
            split_path=snakemake.input.split,
            n_components=snakemake.params.n_components,
            output_path=snakemake.output.datasets,
        )
