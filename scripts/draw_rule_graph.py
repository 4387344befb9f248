"""Ask Snakemake for the graph of its rules, in Graphviz's language."""

import subprocess
import sys
from pathlib import Path

from lensflow.logs import start_log


def draw(run: list, output: str) -> None:
    """Write the rule graph of the experiments in ``run``."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "dot", "--forceall", "--nolock"]
    command += ["--config", f"run={run}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    Path(output).write_text(done.stdout)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    draw(list(snakemake.params.run), snakemake.output.graph)
