"""The real training script, whose steps take a while longer, in each attempt another."""

import runpy
import sys
import time
from pathlib import Path

SCRIPTS = Path(snakemake.scriptdir).resolve().parents[2] / "scripts"
sys.path.append(str(SCRIPTS))

from lensflow.train.watch import Watch  # noqa: E402

PAUSE_S = snakemake.params.pauses_s[snakemake.resources.tried - 1]
on_train_batch_end = Watch.on_train_batch_end


def slow_step(self, batch, logs=None):
    time.sleep(PAUSE_S)
    on_train_batch_end(self, batch, logs)


Watch.on_train_batch_end = slow_step
runpy.run_path(
    str(SCRIPTS / "train_denoiser.py"),
    init_globals={"snakemake": snakemake},
    run_name="__main__",
)
