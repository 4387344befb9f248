import numpy as np
import pytest

from lensflow.report.timings import rule_of, timings


def test_jobs_of_a_rule_are_summed(folder):
    table = timings(folder / "benchmarks").set_index("rule")
    assert table.loc["fit_mixture"].tolist() == [2, 6.0, 3.5, 150.5]
    assert table.index[0] == "fit_mixture"


def test_no_folder(tmp_path):
    assert timings(tmp_path / "none").empty


def test_unmeasured_values(tmp_path):
    (tmp_path / "quick.tsv").write_text("s\th:m:s\tmax_rss\n0.01\t0:00:00\tNA\n")
    table = timings(tmp_path)
    assert table["seconds"].tolist() == [0.01]
    assert np.isnan(table["max_rss_mb"].iloc[0])


@pytest.mark.parametrize(
    ("stem", "rule"),
    [
        ("score_shard_12_0_train_0", "score_shard"),
        ("prepare_stack_train_0", "prepare_stack"),
        ("split", "split"),
    ],
)
def test_rule_of_a_file(stem, rule):
    assert rule_of(stem, ["score", "score_shard", "prepare_stack"]) == rule


def test_unknown_rule_ends_before_its_numbers():
    assert rule_of("fit_mixture_12_0", []) == "fit_mixture"
