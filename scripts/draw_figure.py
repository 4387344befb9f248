"""Draw one figure: call the function that the table of figures names."""

from importlib import import_module

from lensflow.workflow.logs import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    module, _, function = snakemake.params.draw.partition(":")
    draw = getattr(import_module(module), function)
    draw(
        **dict(snakemake.input.items()), **snakemake.params.values, **dict(snakemake.output.items())
    )
