"""Say how far people agree who grade, and what they make of hidden objects."""

from lensflow.evaluate.graders import evaluate_graders_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        answers = dict.fromkeys(snakemake.params.datasets)
        answers.update(zip(answers, snakemake.input.answers, strict=False))
        evaluate_graders_stage(
            grades=snakemake.input.grades, answers=answers, output=snakemake.output.graders
        )
