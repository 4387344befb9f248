"""Keep the effective configuration of an experiment beside its results."""

from pathlib import Path


def save(text: str, output: str) -> None:
    """Write the configuration."""
    Path(output).write_text(text)


if __name__ == "__main__":
    from lensflow.workflow.jobs import job

    with job(snakemake):
        save(snakemake.params.text, snakemake.output.config)
