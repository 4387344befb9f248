"""Simulate the objects that are hidden among the candidates that people grade."""

from lensflow.simulate.hidden import draw_hidden_stage
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        draw_hidden_stage(
            index=snakemake.input.index,
            output=snakemake.output.hidden,
            answers=snakemake.output.answers,
            seed=snakemake.params.seed,
            **snakemake.params.hidden,
        )
