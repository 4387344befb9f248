"""Write rates of surveys, calibration, and what is missed, of the headline model."""

from lensflow.evaluate.finder import evaluate_finder_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        evaluate_finder_stage(
            samples=snakemake.params.samples,
            score_paths=snakemake.input.scores,
            train_paths=snakemake.input.train,
            embedding_paths=snakemake.input.embeddings,
            index_paths=snakemake.input.indices,
            rankers_path=snakemake.input.rankers,
            outputs=dict(snakemake.output.items()),
            n_bootstrap=snakemake.params.bootstraps,
            seed=snakemake.params.seed,
        )
