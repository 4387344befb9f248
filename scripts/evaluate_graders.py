"""Say how far people agree who grade, and what they make of hidden objects."""

from lensflow.evaluate.graders import evaluate_graders_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        datasets = snakemake.params.datasets
        answers = dict.fromkeys(datasets)
        answers.update(zip(answers, snakemake.input.answers, strict=False))
        evaluate_graders_stage(
            grades=snakemake.input.grades,
            answers=answers,
            indices=dict(zip(datasets, snakemake.input.indices, strict=True)),
            output=snakemake.output.graders,
        )
