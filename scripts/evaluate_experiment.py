"""Write the metrics, ROC curves and null of all runs and samples of an experiment (section 3.4)."""

from lensflow.evaluate.evaluation import Settings, evaluate_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        evaluate_stage(
            runs=snakemake.params.runs,
            samples=snakemake.params.samples,
            score_paths=snakemake.input.scores,
            embedding_paths=snakemake.input.embeddings,
            mixture_paths=snakemake.input.mixtures,
            baseline_paths=snakemake.input.baselines,
            outputs=dict(snakemake.output.items()),
            settings=Settings(
                seed=snakemake.params.seed,
                n_bootstrap=snakemake.params.bootstraps,
                n_shuffles=snakemake.params.null_shuffles,
                held_out=snakemake.params.held_out,
                ratio_sample=snakemake.params.ratio_sample,
            ),
        )
