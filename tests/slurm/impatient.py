"""Snakemake that asks SLURM for its jobs every two seconds, not ten seconds later each time."""

import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

RemoteExecutor.next_seconds_between_status_checks = property(lambda _: 2, lambda *_: None)
sys.exit(main())
