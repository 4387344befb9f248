"""Put what students say in the place of what their teachers say, for one shard."""

from lensflow.cluster.combining import add_student_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        judgements, predictions = snakemake.params.judgements, snakemake.input.predictions
        add_student_stage(
            scores_path=snakemake.input.scores,
            prediction_paths=dict(zip(judgements, predictions, strict=True)),
            calibration_path=snakemake.input.calibration,
            output_path=snakemake.output.scores,
        )
