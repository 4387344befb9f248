"""Find what the logits of students are worth as probabilities."""

import numpy as np

from lensflow.cluster.combining import fit_calibration_stage
from lensflow.samples.grades import read_labels
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        judgements, predictions = snakemake.params.judgements, snakemake.input.predictions
        by_shard = len(judgements), len(snakemake.input.scores), len(snakemake.params.students)
        fit_calibration_stage(
            score_paths=snakemake.input.scores,
            prediction_paths=dict(
                zip(judgements, np.reshape(predictions, by_shard).tolist(), strict=True)
            ),
            labels=read_labels(snakemake.input.grades, snakemake.params.dataset),
            output_path=snakemake.output.calibration,
        )
