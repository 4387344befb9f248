"""Snakemake that asks SLURM for its jobs every two seconds, not ten seconds later each time."""

import signal
import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

# As in a terminal: a shell that starts the tests in the background has its children ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
RemoteExecutor.next_seconds_between_status_checks = property(lambda _: 2, lambda *_: None)
sys.exit(main())
