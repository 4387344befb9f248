"""Put what students say in the place of what their teachers say, for one shard."""

import numpy as np

from lensflow.cluster.combining import add_student_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        judgements, predictions = snakemake.params.judgements, snakemake.input.predictions
        by_judgement = len(judgements), len(snakemake.params.students)
        add_student_stage(
            scores_path=snakemake.input.scores,
            prediction_paths=dict(
                zip(judgements, np.reshape(predictions, by_judgement).tolist(), strict=True)
            ),
            calibration_path=snakemake.input.calibration,
            output_path=snakemake.output.scores,
        )
