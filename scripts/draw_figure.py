"""Draw one figure: call the function that the table of figures names."""

from lensflow.figures.drawing import drawing_function
from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    draw = drawing_function(snakemake.params.draw)
    draw(
        **dict(snakemake.input.items()), **snakemake.params.values, **dict(snakemake.output.items())
    )
