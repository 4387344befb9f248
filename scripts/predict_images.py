"""Have a student predict one shard of a dataset that the models are applied to."""

from lensflow.embed.predictions import predict_images
from lensflow.networks.runtime import start_backend
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        start_backend(snakemake.params.backend, snakemake.params.math_threads)
        predict_images(
            images_path=snakemake.input.images,
            student=snakemake.wildcards.student,
            student_path=snakemake.input.weights,
            preset=snakemake.params.preset,
            judgement=snakemake.wildcards.judgement,
            scale=snakemake.wildcards.scale,
            output_path=snakemake.output.predictions,
        )
