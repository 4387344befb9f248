"""Generated cases: right, quarantined with a reason, or refused with words; nothing else.

A few of them here each time, with those that ever failed; all of them by `-m long`.
"""

import json

import pytest

from lensflow.errors import ConfigError
from reliability.outcomes import HANG, REFUSED, WRONG, said
from reliability.results import ASKED, keep
from reliability.suites import CASES, CORPUS, Result, bad, counts, run_cases

FEW = {"fits": 60, "catalogue": 80, "config": 80}


@pytest.mark.parametrize("kind", sorted(CASES))
def test_a_few_cases_and_those_that_ever_failed(kind):
    first = CASES[kind]  # others than those of the long run
    results = run_cases(kind, [*CORPUS[kind], *range(first, first + FEW[kind])])
    assert len(results) == FEW[kind] + len(CORPUS[kind])
    assert bad(results) == []
    assert len({result.outcome for result in results}) > 1


@pytest.mark.long
@pytest.mark.parametrize("kind", sorted(CASES))
def test_all_cases(kind):
    results = run_cases(kind, range(CASES[kind]))
    failed = bad(results)
    keep(kind, len(results), len(failed), counts(results))
    assert failed == []


def test_a_child_that_dies_takes_one_case_with_it():
    results = run_cases("dying", range(5))
    assert [result.outcome for result in results] == ["right", "hang", "crash", "crash", "right"]
    assert [result.seed for result in bad(results)] == [1, 2, 3]


def test_words_are_looked_at():
    assert said(ConfigError("config.seed is 2.0 (float); expected integer"))[0] == REFUSED
    assert said(ConfigError("bad"))[0] == WRONG
    assert said(ConfigError("2 mistakes:\n  - config.a is 3; expected 4\n  - config"))[0] == WRONG


def test_counts_are_put_beside_those_of_other_suites(tmp_path, monkeypatch):
    path, results = tmp_path / "reliability.json", [Result(0, "right", ""), Result(1, HANG, "")]
    path.write_text(json.dumps([{"suite": "kills", "cases": 3}, {"suite": "fits", "cases": 1}]))
    before = path.read_text()
    monkeypatch.delenv(ASKED, raising=False)
    keep("fits", 2, 1, path=path)
    assert path.read_text() == before
    monkeypatch.setenv(ASKED, "1")
    keep("fits", 2, len(bad(results)), counts(results), path)
    fits, kills = json.loads(path.read_text())
    assert kills == {"suite": "kills", "cases": 3}
    assert [fits[name] for name in ("cases", "failed", "right", "hang", "wrong")] == [2, 1, 1, 1, 0]
    this = "tests/reliability/test_generated.py::test_counts_are_put_beside_those_of_other_suites"
    assert fits["command"] == f"{ASKED}=1 .venv/bin/python -m pytest -m long '{this}'"
