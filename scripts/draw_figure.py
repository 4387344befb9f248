"""Draw one figure: call the function that the table of figures names."""

from lensflow.figures.drawing import drawing_function
from lensflow.workflow.jobs import job

if __name__ == "__main__":
    with job(snakemake):
        draw = drawing_function(snakemake.params.draw)
        inputs, outputs = (dict(files.items()) for files in (snakemake.input, snakemake.output))
        draw(**inputs, **snakemake.params.values, **outputs)
