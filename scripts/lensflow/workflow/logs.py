"""Where a stage's messages go: its log file and the terminal, C++ output included."""

import logging
import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

FOLDER = "results/logs/"
VERBOSE = "VERBOSE"
TERMINAL_EVERY_S = 30.0
"""Seconds between two lines of a stage's progress on the terminal."""

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ (INFO|WARNING|ERROR|CRITICAL) \S+: (.*)$")
_TAIL_BYTES = 65536


class _Utc(logging.Formatter):
    converter = time.gmtime


def start_log(path: str | os.PathLike) -> None:
    """Send everything that this process prints or logs to ``path``.

    The file descriptors themselves are redirected: TensorFlow and CUDA print from C++, where
    replacing ``sys.stderr`` has no effect. Warnings also go to the terminal, and now and then a
    record with ``extra={"is_progress": True}``; with ``VERBOSE=1`` in the environment every record
    of level INFO and above, and uncaught errors. The console of the run tells the rest from the
    log: see `found` and `reason`.

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
    full = _Utc(_FORMAT, datefmt="%Y-%m-%d %H:%M:%SZ")
    handlers = [logging.StreamHandler(sys.stderr), logging.StreamHandler(terminal)]
    for handler in handlers:
        handler.setFormatter(full)
    if not is_verbose(os.environ):
        handlers[1].setFormatter(logging.Formatter(f"{stage_name(path)}: %(message)s"))
        handlers[1].addFilter(_Sparing())
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.captureWarnings(True)
    sys.excepthook = _report_uncaught


def _report_uncaught(kind, error, trace) -> None:
    """Log an uncaught error: with its traceback in the log, so that nothing is lost."""
    from lensflow.errors import LensflowError

    if issubclass(kind, KeyboardInterrupt):
        logging.getLogger("lensflow").error("interrupted")
    elif issubclass(kind, LensflowError):
        logging.getLogger("lensflow").error("%s: %s", kind.__name__, error)
        logging.getLogger("lensflow").debug("traceback", exc_info=(kind, error, trace))
    else:
        logging.getLogger("lensflow").critical("uncaught error", exc_info=(kind, error, trace))


class _Sparing(logging.Filter):
    """Let warnings through, and progress now and then."""

    shown = -float("inf")

    def filter(self, record: logging.LogRecord) -> bool:
        if not getattr(record, "is_progress", False):
            return record.levelno == logging.WARNING
        is_due = record.created - self.shown >= TERMINAL_EVERY_S
        if is_due:
            self.shown = record.created
        return is_due


def is_verbose(environment: Mapping[str, str]) -> bool:
    """Return whether everything goes to the terminal: ``VERBOSE`` is set, and not to 0."""
    return environment.get(VERBOSE, "") not in ("", "0")


def stage_name(path: str | os.PathLike) -> str:
    """Return the name by which a log's stage is called: its path in ``results/logs``."""
    return os.fspath(path).rpartition(FOLDER)[-1].removesuffix(".log")


def found(path: str | os.PathLike) -> str:
    """Return what a stage says last: the last message of level INFO in its log, or nothing."""
    messages = [text for _, level, text in _messages(_tail(path)) if level == "INFO"]
    return messages[-1] if messages else ""


def reason(path: str | os.PathLike) -> str:
    """Return why a stage failed: the last error in its log, whole, or its last line, or nothing."""
    lines = _tail(path)
    messages = _messages(lines)
    errors = [message for message in messages if message[1] in ("ERROR", "CRITICAL")]
    # Below "uncaught error" stands the traceback, which ends with the error.
    if errors and errors[-1][1] == "ERROR":
        first, _, text = errors[-1]
        last = next((number for number, *_ in messages if number > first), len(lines))
        return "\n".join([text, *lines[first + 1 : last]])
    return lines[-1] if lines else ""


def _messages(lines: list[str]) -> list[tuple[int, str, str]]:
    """Return number, level and text of the lines that begin a message."""
    matches = ((number, _LINE.match(line)) for number, line in enumerate(lines))
    return [(number, *match.groups()) for number, match in matches if match]


def _tail(path: str | os.PathLike) -> list[str]:
    """Return the last lines of a file that are not blank; none where there is no file."""
    try:
        with open(path, "rb") as file:
            file.seek(-min(_TAIL_BYTES, file.seek(0, os.SEEK_END)), os.SEEK_END)
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()]
