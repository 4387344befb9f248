"""Have a student predict one shard of the training or the test sample."""

from lensflow.embed.predictions import predict_stack
from lensflow.networks.runtime import start_backend
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        start_backend(snakemake.params.backend, snakemake.params.math_threads)
        predict_stack(
            stack_path=snakemake.input.stack,
            student=snakemake.wildcards.student,
            student_path=snakemake.input.weights,
            preset=snakemake.params.preset,
            judgement=snakemake.wildcards.judgement,
            output_path=snakemake.output.predictions,
        )
