"""Ask Snakemake for the graph of its rules, in Graphviz's language."""

import os
import subprocess
import sys
import tempfile

import yaml

from lensflow.files import writing
from lensflow.workflow.jobs import job


def draw(snakefile: str, config: dict, output: str) -> None:
    """Write the rule graph of a complete configuration."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(config, file)
        file.flush()
        command = [sys.executable, "-m", "snakemake", "--snakefile", snakefile]
        command += ["--configfile", file.name, "--rulegraph", "dot", "--forceall", "--nolock"]
        # The order of Snakemake's sets is drawn anew for each process, and with it the bytes.
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    writing.write_text(output, done.stdout)


if __name__ == "__main__":
    with job(snakemake):
        draw(snakemake.params.snakefile, snakemake.params.config, snakemake.output.graph)
