import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lensflow.apply.survey import BYTES_IMAGE, BYTES_SCORES, Rates, graph_cost, plan, table
from lensflow.errors import ConfigError
from lensflow.samples.scores import Chances, scores_table, write_scores

SCRIPT = Path(__file__).parents[3] / "scripts/plan_survey.py"
RATES = Rates(ingest=100.0, embed=200.0, score=10_000.0, job_start_s=36.0)


def test_jobs_hours_and_disk_by_hand():
    ingest, embed, score = plan(1_000_000, 100, 3, 24, RATES)
    assert (ingest.jobs, embed.jobs, score.jobs) == (100, 300, 300)
    assert ingest.hours == pytest.approx(1e6 / 100 / 3600 + 1)
    assert embed.hours == pytest.approx(3e6 / 200 / 3600 + 3)
    assert ingest.gigabytes == pytest.approx(1e6 * BYTES_IMAGE / 1e9)
    assert [stage.on_gpu for stage in (ingest, embed, score)] == [False, True, False]


def test_ten_times_the_images_in_ten_times_the_shards_take_ten_times_of_everything():
    small, large = plan(10**6, 100, 3, 8, RATES), plan(10**7, 1000, 3, 8, RATES)
    for one, ten in zip(small, large, strict=True):
        assert ten.jobs == 10 * one.jobs
        assert ten.hours == pytest.approx(10 * one.hours)
        assert ten.gigabytes == pytest.approx(10 * one.gigabytes)
    assert graph_cost(large) == pytest.approx([10 * cost for cost in graph_cost(small)])


def test_a_row_of_scores_takes_what_is_planned(tmp_path):
    draw, n = np.random.default_rng(1), 1000
    ids = [str(number) for number in range(10**11, 10**11 + n)]
    chances = Chances(*draw.random((4, n)), log_odds=np.round(draw.normal(size=n), 4))
    rows = pd.DataFrame({"id": ids, "rotation": 0, "is_lens": -1})
    clusters, log_density = draw.integers(0, 24, n), draw.normal(size=n)
    scores = scores_table(rows, clusters, {"person": chances}, log_density)
    write_scores(tmp_path / "scores.csv", [scores])
    assert (tmp_path / "scores.csv").stat().st_size / n == pytest.approx(BYTES_SCORES, rel=0.05)


def test_the_table_sums_up():
    lines = table(plan(10**6, 100, 3, 8, RATES)).splitlines()
    assert lines[-3].startswith("| all | 700 |")
    assert "graph" in lines[-1]


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_rate_that_is_none(rate):
    with pytest.raises(ConfigError, match=r"ingest is .* expected a positive number"):
        plan(10, 1, 1, 8, Rates(rate, 1, 1))


def test_command_line(monkeypatch, capsys):
    arguments = "--images 1e7 --shards 1000 --ingest 1000 --embed 500 --score 1e5"
    monkeypatch.setattr(sys, "argv", ["plan_survey.py", *arguments.split()])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    assert "| denoise and embed | 1,000 |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ("--shards 0", "n_shards is 0; expected a positive number"),
        ("--images nan", "received 'nan'; expected a number such as 1e7"),
        ("--images inf", "received 'inf'; expected a number such as 1e7"),
    ],
)
def test_command_line_says_what_is_wrong(monkeypatch, capsys, changed, message):
    arguments = f"--images 1e7 --shards 10 --ingest 1000 --embed 500 --score 1e5 {changed}"
    monkeypatch.setattr(sys, "argv", ["plan_survey.py", *arguments.split()])
    with pytest.raises(SystemExit):
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert message in capsys.readouterr().err
