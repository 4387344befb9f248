"""Find what the logits of students are worth as probabilities."""

from lensflow.cluster.combining import fit_calibration_stage
from lensflow.samples.grades import read_labels
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        predictions, n_shards = snakemake.input.predictions, len(snakemake.input.scores)
        fit_calibration_stage(
            score_paths=snakemake.input.scores,
            prediction_paths={
                name: predictions[place * n_shards : (place + 1) * n_shards]
                for place, name in enumerate(snakemake.params.judgements)
            },
            labels=read_labels(snakemake.input.grades, snakemake.params.dataset),
            output_path=snakemake.output.calibration,
        )
