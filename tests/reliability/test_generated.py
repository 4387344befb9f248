"""Generated cases: right, quarantined with a reason, or refused with words; nothing else.

A few of them here each time, with those that ever failed; all of them by `-m long`, which writes
results/published/reliability.json.
"""

import json

import pytest

from lensflow.errors import ConfigError
from reliability.outcomes import HANG, REFUSED, WRONG, said
from reliability.suites import CASES, CORPUS, Result, bad, publish, run_cases

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
    publish(kind, results)
    assert bad(results) == []


def test_a_child_that_dies_takes_one_case_with_it():
    results = run_cases("dying", range(5))
    assert [result.outcome for result in results] == ["right", "hang", "crash", "crash", "right"]
    assert [result.seed for result in bad(results)] == [1, 2, 3]


def test_words_are_looked_at():
    assert said(ConfigError("config.seed is 2.0 (float); expected integer"))[0] == REFUSED
    assert said(ConfigError("bad"))[0] == WRONG
    assert said(ConfigError("2 mistakes:\n  - config.a is 3; expected 4\n  - config"))[0] == WRONG


def test_counts_are_put_beside_those_of_other_suites(tmp_path):
    path = tmp_path / "reliability.json"
    path.write_text(json.dumps([{"suite": "kills", "cases": 3}, {"suite": "fits", "cases": 1}]))
    publish("fits", [Result(0, "right", ""), Result(1, HANG, "")], path)
    fits, kills = json.loads(path.read_text())
    assert kills == {"suite": "kills", "cases": 3}
    assert (fits["cases"], fits["right"], fits["hangs"], fits["wrong"]) == (2, 1, 1, 0)
    assert "-m long -k fits" in fits["command"]
