"""Where a stage's messages go: its log file and the terminal, C++ output included."""

import logging
import os
import sys
import time
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _Utc(logging.Formatter):
    converter = time.gmtime


def start_log(path: str | os.PathLike) -> None:
    """Send everything that this process prints or logs to ``path``.

    The file descriptors themselves are redirected: TensorFlow and CUDA print from C++, where
    replacing ``sys.stderr`` has no effect. Records of level INFO and above also go to the
    terminal, as do uncaught errors (the message alone for a `LensflowError`).

    Parameters
    ----------
    path : path-like
        The log file of the rule; its folder is made.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    terminal = os.fdopen(os.dup(2), "w", buffering=1)
    sys.stdout.flush()
    sys.stderr.flush()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    handlers = [logging.StreamHandler(sys.stderr), logging.StreamHandler(terminal)]
    for handler in handlers:
        handler.setFormatter(_Utc(_FORMAT, datefmt="%Y-%m-%d %H:%M:%SZ"))
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.captureWarnings(True)
    sys.excepthook = _report_uncaught


def _report_uncaught(kind, error, trace) -> None:
    """Log an uncaught error: with its traceback in the log, so that nothing is lost."""
    from lensflow.errors import LensflowError

    if issubclass(kind, LensflowError):
        logging.getLogger("lensflow").error("%s: %s", kind.__name__, error)
        logging.getLogger("lensflow").debug("traceback", exc_info=(kind, error, trace))
    else:
        logging.getLogger("lensflow").critical("uncaught error", exc_info=(kind, error, trace))
