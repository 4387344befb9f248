"""What a run prints, from the records that Snakemake's logger makes."""

import io
import logging
from types import SimpleNamespace

import pytest

from lensflow.workflow.console import INTERRUPTED, SNAKEMAKES_OWN, Console, attach


@pytest.fixture
def logger():
    """A logger of its own, which nothing else listens to."""
    logger = logging.Logger("snakemake's", level=logging.INFO)
    logger.propagate = False
    return logger


@pytest.fixture
def screen(logger):
    """What a console on that logger prints."""
    stream = io.StringIO()
    logger.addHandler(Console(stream, at_rest=lambda: ["open results/report.html"]))
    return stream


@pytest.fixture
def log(tmp_path, monkeypatch):
    """A log of a stage, in the place where rules have it."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "results/logs/demo/fit_mixture_8_0.log"
    path.parent.mkdir(parents=True)
    return path


def begin(logger, jobid, log, output="results/demo/mixture.h5"):
    event = {"event": "job_info", "jobid": jobid, "rule_name": "fit_mixture"}
    logger.info("a job", extra={**event, "log": [log] if log else [], "output": [output]})


def finish(logger, jobid, done, total):
    logger.info("Finished", extra={"event": "job_finished", "job_id": jobid})
    logger.info(None, extra={"event": "progress", "done": done, "total": total})


def fail(logger, jobid, log):
    event = {"event": "job_error", "jobid": jobid, "rule_name": "fit_mixture", "log": [log]}
    logger.error("Error in rule", extra=event)


LOG = "results/logs/demo/fit_mixture_8_0.log"


def test_what_is_refused_before_the_first_job_is_told_without_its_place(logger, screen):
    text = """WorkflowError in file "/x/common.smk", line 134:
judged.csv: the table judges another mixture
To judge: open judge.html
  File "/x/common.smk", line 134, in __onstart"""
    logger.error(text, extra={"event": "error", "exception": "WorkflowError"})
    said = "ERROR: judged.csv: the table judges another mixture\nTo judge: open judge.html\n"
    assert screen.getvalue() == said


def test_a_stage_whose_files_are_kept_elsewhere_is_called_as_any_other(logger, screen, log):
    log.write_text("2026-01-01 00:00:00Z INFO lensflow.a: 8 clusters\n")
    begin(logger, 1, f"{log} (send to storage)")
    finish(logger, 1, 1, 2)
    assert screen.getvalue().startswith("[1/2] demo/fit_mixture_8_0: 8 clusters (")


def test_a_finished_stage_is_one_line_with_what_it_found(logger, screen, log):
    log.write_text(
        "2026-01-01 00:00:00Z INFO lensflow.a: 3 of 8\n"
        "2026-01-01 00:00:00Z INFO lensflow.a: 8 clusters, converged\n"
        "2026-01-01 00:00:00Z WARNING lensflow.a: beware\n"
    )
    begin(logger, 4, LOG)
    assert screen.getvalue() == ""
    finish(logger, 4, 7, 120)
    assert screen.getvalue() == "[  7/120] demo/fit_mixture_8_0: 8 clusters, converged (0 s)\n"


def test_a_stage_that_found_nothing_says_what_it_made(logger, screen, log):
    begin(logger, 4, LOG)
    finish(logger, 4, 1, 9)
    assert "demo/fit_mixture_8_0: made results/demo/mixture.h5" in screen.getvalue()


def test_what_is_no_stage_is_not_told(logger, screen):
    begin(logger, 0, None)
    finish(logger, 0, 9, 9)
    assert screen.getvalue() == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-01-01 00:00:00Z ERROR lensflow: LabelError: who is empty\n", "who is empty"),
        (
            "2026-01-01 00:00:00Z CRITICAL lensflow: uncaught error\nTraceback\n  File\n"
            "ZeroDivisionError: division by zero\n\n",
            "ZeroDivisionError: division by zero",
        ),
        ("2026-01-01 00:00:00Z INFO lensflow: x\nKilled\n", "Killed"),
        ("", "no error in its log"),
    ],
)
def test_a_failed_job_gives_its_reason_at_once_and_at_the_end(logger, screen, log, text, reason):
    log.write_text(text)
    (console,) = logger.handlers
    begin(logger, 4, LOG)
    fail(logger, 4, LOG)
    said = screen.getvalue()
    assert said.startswith("FAILED demo/fit_mixture_8_0: ")
    assert said.endswith(f"{reason} ({LOG})\n")
    count, line = console.failures()
    assert count == "1 failed:"
    assert line.startswith("  demo/fit_mixture_8_0: ")
    assert reason in line
    assert LOG in line


def test_a_retry_that_succeeds_is_no_failure(logger, screen, log):
    log.write_text("")
    (console,) = logger.handlers
    begin(logger, 4, LOG)
    fail(logger, 4, LOG)
    begin(logger, 4, LOG)
    finish(logger, 4, 1, 1)
    assert console.failures() == []


def test_an_exception_that_the_failed_job_tells_is_not_told_twice(logger, screen):
    logger.error("CalledProcessError", extra={"event": "error", "exception": "RuleException"})
    assert screen.getvalue() == ""
    logger.error("wrong key", extra={"event": "error", "exception": "WorkflowError"})
    assert screen.getvalue() == "ERROR: wrong key\n"


def test_snakemakes_noise_is_left_out_and_what_is_not_known_is_shown(logger, screen):
    logger.info("Building DAG of jobs...")
    logger.info("rule x", extra={"event": "shellcmd"})
    logger.info("Provided cores: 2", extra={"event": "resources_info"})
    assert screen.getvalue() == ""
    logger.info("Something new")
    logger.info("100% of it")
    assert screen.getvalue() == "Something new\n100% of it\n"


def test_the_number_of_jobs_comes_first(logger, screen):
    logger.info("Job stats: ...", extra={"event": "run_info", "stats": {"all": 1, "total": 87}})
    assert screen.getvalue() == "87 jobs to do\n"


def test_nothing_to_do_is_said_with_what_there_is(logger, screen):
    logger.info("Nothing to be done (all requested files are present and up to date).")
    first, second = screen.getvalue().splitlines()
    assert first.startswith("Nothing to be done")
    assert second == "open results/report.html"


def attached(logger, environment=(), dryrun=False, subprocess_exec=False):
    own = logging.StreamHandler(io.StringIO())
    own.name = SNAKEMAKES_OWN
    logger.addHandler(own)
    settings = SimpleNamespace(dryrun=dryrun)
    modes = {"output_settings": settings, "remote_exec": False, "subprocess_exec": subprocess_exec}
    return own, attach(logger, SimpleNamespace(**modes), dict(environment), tuple)


def test_the_console_takes_the_place_of_snakemakes_handler(logger):
    own, console = attached(logger)
    assert logger.handlers == [console]
    assert console.stream is own.stream


@pytest.mark.parametrize("how", [{"environment": {"VERBOSE": "1"}}, {"dryrun": True}])
def test_where_all_is_shown_the_console_only_remembers(logger, how, log):
    own, console = attached(logger, **how)
    assert logger.handlers == [own, console]
    begin(logger, 4, LOG)
    fail(logger, 4, LOG)
    assert "FAILED" not in own.stream.getvalue()
    assert len(console.failures()) == 2


def test_verbose_0_is_not_verbose(logger):
    _, console = attached(logger, {"VERBOSE": "0"})
    assert logger.handlers == [console]


def test_a_job_leaves_its_failure_to_the_process_that_started_it(logger, log):
    own, _ = attached(logger, subprocess_exec=True)
    fail(logger, 4, LOG)
    assert own.stream.getvalue() == ""


def test_a_signal_is_told_once_by_the_process_that_started_the_jobs(logger):
    own, _ = attached(logger)
    for _ in range(3):
        logger.info("Will exit after finishing currently running jobs (scheduler).")
    assert own.stream.getvalue().count("Will exit") == 1


def test_a_job_leaves_a_signal_to_the_process_that_started_it(logger):
    own, _ = attached(logger, subprocess_exec=True)
    logger.info("Will exit after finishing currently running jobs (scheduler).")
    assert own.stream.getvalue() == ""


def test_the_keyboard_is_told_in_one_line(logger, log):
    """Jobs that end by it have not failed."""
    own, console = attached(logger)
    begin(logger, 4, LOG)
    logger.info("Terminating processes on user request, this might take some time.")
    fail(logger, 4, LOG)
    assert own.stream.getvalue().splitlines() == [INTERRUPTED]
    assert console.failures() == []
