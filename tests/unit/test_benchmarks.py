import json

import pytest

from benchmarks import run
from benchmarks.rows import row


def entry(name, benchmark="ingestion", **changes):
    return row(name, "images/s", 1234.56, 100.0, 8.0) | {"benchmark": benchmark} | changes


def test_a_row_compares_with_its_peer():
    made = row("reading", "images/s", 900.0, 100.0, goal=8.0)
    assert (made["ratio"], made["goal"], made["met"]) == (9.0, 8.0, True)
    assert not row("reading", "images/s", 799.0, 100.0, goal=8.0)["met"]


def test_without_a_peer_the_goal_is_the_figure_itself():
    made = row("objects", "objects/s", 99.0, goal=100.0)
    assert (made["peer"], made["ratio"], made["met"]) == (None, None, False)


def test_memory_must_not_grow():
    assert row("peak memory", "MB", 109.0, 100.0, 1.1, "at most")["met"]
    assert not row("peak memory", "MB", 111.0, 100.0, 1.1, "at most")["met"]


def test_a_figure_without_a_goal_is_neither_met_nor_missed():
    assert row("survey", "images/s", 500.0)["met"] is None


def test_rows_are_json_with_the_promised_keys():
    keys = {"name", "unit", "ours", "peer", "ratio", "goal", "met"}
    assert keys <= set(json.loads(json.dumps(row("a", "s", 1, 3, 2))))
    assert row("a", "s", 1, 3)["ratio"] == 0.3333


def test_the_table_is_aligned():
    rows = [entry("short"), entry("a longer name", ours=1.5, peer=None, ratio=None, goal=None)]
    rows[1] |= {"met": None}
    head, first, second = run.table(rows).splitlines()
    assert first.split() == ["short", "images/s", "1,235", "100", "12.35", ">=", "8", "yes"]
    assert second.split() == ["a", "longer", "name", "images/s", "1.5"]
    assert head.index("unit") == first.index("images/s") == second.index("images/s")
    assert head.index("ours") + 4 == second.index("1.5") + 3


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (0.12345, "0.1235"), (12.0, "12"), (25123.4, "25,123")]
)
def test_numbers_are_short(value, text):
    assert run.number(value) == text


def test_a_benchmark_that_ran_again_replaces_its_rows():
    kept = [entry("old", "mixture"), entry("stays", "survey")]
    merged = run.merge(kept, [entry("new", "mixture"), entry("first", "ingestion")])
    assert [found["name"] for found in merged] == ["first", "new", "stays"]


def test_flags_and_names_choose():
    assert list(run.commands([], False, False)) == list(run.ALWAYS)
    assert "epochs" in run.commands([], True, False)
    assert run.commands([], False, True)["training_gpu"] == ["bench_gpu.py", "--gpu"]
    assert run.commands(["epochs"], False, False) == {"epochs": ["bench_epochs.py", "--long"]}
    with pytest.raises(SystemExit, match="unknown benchmarks"):
        run.commands(["speed"], False, False)


@pytest.mark.parametrize(
    ("config", "environment", "backend"),
    [
        ({}, {}, "tensorflow"),
        ({"backend": "jax"}, {}, "jax"),
        ({"backend": "jax"}, {"KERAS_BACKEND": "tensorflow"}, "tensorflow"),
        ({"backend": "tensorflow"}, {"KERAS_BACKEND": "jax"}, "jax"),
        ({"backend": "jax"}, {"KERAS_BACKEND": ""}, "jax"),
    ],
)
def test_training_is_measured_with_the_chosen_backend(config, environment, backend):
    assert run.chosen_backend(config, environment) == backend


def test_the_chosen_backend_reaches_the_benchmark(tmp_path, monkeypatch):
    script = tmp_path / "bench.py"
    script.write_text("import json, os; print(json.dumps([os.environ['KERAS_BACKEND']]))")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert run.measure(str(script)) == ["jax"]


def test_figures_name_machine_and_versions():
    found = run.circumstances()
    assert "cores" in found["machine"]
    assert "tensorflow" in found["versions"]
