"""The report: it holds the numbers, says what is missing, and reaches for nothing outside."""

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import yaml

from lensflow import artifacts
from lensflow.report.contents import read_experiment
from lensflow.report.page import TEMPLATES, caption_key, write_report
from lensflow.report.rule_graph import layered, parse_dot, reduced, rule_graph_svg
from lensflow.report.timings import rule_of, timings
from lensflow.report.words import data_sentences, null_sentence, pca_sentences, spread, warnings_of
from unit.report.report_fixtures import make_experiment

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)
DOT = """digraph snakemake_dag {
    0[label = "all", color = "0.2 0.6 0.85", style="rounded"];
    1[label = "ingest", color = "0.2 0.6 0.85"];
    2[label = "train", color = "0.2 0.6 0.85"];
    1 -> 2
    2 -> 0
    1 -> 0
}"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return make_experiment(tmp_path_factory.mktemp("results"), n=60, n_features=6)


@pytest.fixture
def folder(results, tmp_path):
    """A copy of the experiment's small files, to change."""
    import shutil

    source = results["root"]
    for path in sorted(source.rglob("*")):
        if path.is_file() and not {"stacks", "denoised", "images"} & set(path.parts):
            target = tmp_path / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return tmp_path


def read(folder):
    return read_experiment("demo", folder / "demo", (), folder / "data")


def report_of(folder, figures=(), **options):
    entry = {"name": "demo", "folder": folder / "demo", "figures": list(figures)}
    write_report(
        folder / "report.html",
        [entry],
        data_folder=folder / "data",
        benchmarks=folder / "benchmarks",
        **options,
    )
    return (folder / "report.html").read_text()


class Outside(HTMLParser):
    """Collect whatever would make a browser ask for something."""

    def __init__(self):
        super().__init__()
        self.found, self.open_tags = [], []

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "link", "iframe", "object"):
            self.found.append(tag)
        for name, value in attrs:
            asked = name in ("src", "href", "srcset", "data", "action", "poster")
            if asked and not (value or "").startswith(("data:image/png;base64,", "#")):
                self.found.append(f"{tag} {name}={value}")
        if tag not in ("meta", "img", "br", "path", "rect"):
            self.open_tags.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("path", "rect"):
            assert self.open_tags.pop() == tag


def check_html(text):
    parser = Outside()
    parser.feed(text)
    parser.close()
    assert parser.found == []
    assert parser.open_tags == []
    assert not re.search(r"url\(|@import|https?://", text)


class TestPage:
    def test_numbers_are_in_it_and_nothing_outside_is_asked_for(self, folder):
        figure = folder / "demo/figures/null_log_6.png"
        figure.parent.mkdir()
        figure.write_bytes(PIXEL)
        text = report_of(
            folder,
            [figure],
            comparison=folder / "paper_comparison.csv",
            rule_graph=DOT,
        )
        check_html(text)
        summary = pd.read_csv(folder / "demo/metrics_summary.csv")
        where = "scale == 'log' and n_features == 6 and sample == 'test' and cut == 'none'"
        for labels in ("known", "stand_in"):
            row = summary.query(f"{where} and labels == '{labels}' and metric == 'auc'").iloc[0]
            assert spread(row).replace(">", "&gt;") in text
        assert "0.8617" in text
        assert "0.8123" in text
        assert base64.b64encode(PIXEL).decode() in text
        assert "labels shuffled among the objects" in text
        assert "TRUE LABELS of 25" in text
        assert "simulated images" in text
        assert ">train</text>" in text
        assert "fit_mixture" in text

    def test_report_is_the_same_again(self, folder):
        assert report_of(folder) == report_of(folder)

    def test_missing_pieces_leave_a_sentence(self, folder):
        for path in (folder / "demo").glob("*.csv"):
            path.unlink()
        for path in (folder / "demo/log").rglob("*.*"):
            path.unlink()
        for path in (folder / "benchmarks").rglob("*.tsv"):
            path.unlink()
        text = report_of(folder, [folder / "demo/figures/gone.png"])
        check_html(text)
        assert "<img" not in text
        for sentence in (
            "The null was not computed",
            "(PCA) was not made",
            "There are no metrics",
            "not applied to other datasets",
            "The comparison was not made",
            "There are no benchmark files",
            "The rule graph was not given",
            "no training report",
            "no mixture",
            "not available",
        ):
            assert sentence in text

    def test_unlabelled_experiment(self, folder):
        path = folder / "demo/config.yaml"
        config = yaml.safe_load(path.read_text())
        config["experiments"]["demo"] |= {"protocol": "unlabelled", "labels": ["person"]}
        path.write_text(yaml.safe_dump(config))
        for name in ("metrics", "metrics_summary", "null", "baselines"):
            table = folder / f"demo/{name}.csv"
            table.write_text(table.read_text().splitlines()[0] + "\n")
        text = report_of(folder)
        check_html(text)
        assert "There are no metrics" in text
        assert "Clusters labelled by a person" in text

    def test_names_from_data_cannot_break_the_page(self, folder):
        path = folder / "demo/candidates_faint.csv"
        table = pd.read_csv(path, dtype={"id": str})
        table.loc[0, "id"] = "<script>alert(1)</script>"
        table.to_csv(path, index=False)
        text = report_of(folder)
        check_html(text)
        assert "&lt;script&gt;" in text

    def test_candidates_are_the_best_twenty(self, folder):
        text = report_of(folder)
        table = pd.read_csv(folder / "demo/candidates_faint.csv", dtype={"id": str})
        assert f"<td>{table['id'].iloc[19]}</td>" in text
        assert f"<td>{table['id'].iloc[20]}</td>" not in text

    def test_captions_go_with_the_longest_name(self):
        assert caption_key("cluster_sheet_unlabelled_log_6_0") == "cluster_sheet_unlabelled"
        assert caption_key("clusters_log_features_6_run_0") == "cluster_sheet"
        assert caption_key("clusters_unlabelled_log_features_6") == "cluster_sheet_unlabelled"
        assert caption_key("clusters_lens") == "clusters_lens"
        assert caption_key("confusion_rare") == "confusion_rare"
        assert caption_key("something_else") == ""

    def test_every_caption_is_written(self):
        from lensflow.report.page import SECTIONS

        keys = {key for keys in SECTIONS.values() for key in keys}
        # Tables have captions in Snakemake's own report.
        keys |= {"table1", "paper_comparison"}
        assert keys == {path.stem for path in (TEMPLATES / "captions").glob("*.rst")}


class TestWords:
    def test_autoencoder_wins_only_beyond_the_scatter(self, folder):
        path = folder / "demo/baselines.csv"
        table = pd.read_csv(path)
        assert "wins over PCA in every run" in pca_sentences(read(folder))[0]
        for shift, expected in ((0.019, "ranges over runs overlap"), (0.1, "does not win")):
            table.assign(auc=table["auc"] + shift).to_csv(path, index=False)
            assert expected in pca_sentences(read(folder))[0]
            assert "wins over PCA in" not in pca_sentences(read(folder))[0]

    def test_one_run_proves_no_win(self, folder):
        for name in ("metrics", "baselines"):
            table = pd.read_csv(folder / f"demo/{name}.csv")
            table[table["run"] == 0].to_csv(folder / f"demo/{name}.csv", index=False)
        assert "one run only" in pca_sentences(read(folder))[0]

    @pytest.mark.parametrize(("centre", "ok"), [(0.5, True), (0.53, False)])
    def test_null_within_three_standard_errors(self, folder, centre, ok):
        values = centre + np.linspace(-0.02, 0.02, 20)
        null = {"scale": "log", "n_features": 6, "run": 0, "shuffle": range(20), "auc": values}
        pd.DataFrame(null).to_csv(folder / "demo/null.csv", index=False)
        sentence, verdict = null_sentence(read(folder))
        assert verdict is ok
        assert f"{centre:.3f} ± 0.003 (20 shuffles)" in sentence
        assert any("something leaks" in text for text in warnings_of(read(folder))) is not ok

    def test_warnings_name_the_model_and_the_remedy(self, folder):
        run = folder / "demo/log/features_6/run_0"
        with artifacts.create(run / "mixture.h5", "mixture", _mixture_attrs(False)) as writer:
            writer.dataset("weights", np.full(6, 1 / 6))
        (run / "autoencoder_report.json").write_text(json.dumps({"dead_units": 4}))
        history = pd.read_csv(run / "autoencoder_history.csv")
        history.assign(val_loss=0.4).to_csv(run / "autoencoder_history.csv", index=False)
        text = "\n".join(warnings_of(read(folder)))
        assert "log scale, 6 features, run 0: the mixture did not converge in 7 it" in text
        assert "raise mixture.max_iter" in text
        assert "4 of 6 features are dead" in text
        assert "no better than that of one constant image" in text
        assert "fake: 1 file or row in quarantine (1 × not a FITS file)" in text

    def test_simulated_data_is_called_so(self, folder):
        first, second = data_sentences(read(folder))
        assert first.startswith("Trained on fake: 60 simulated images")
        assert second.startswith("Applied to faint")

    def test_real_data_is_not_called_simulated(self, folder):
        path = folder / "demo/config.yaml"
        config = yaml.safe_load(path.read_text())
        config["datasets"] = {
            "fake": {"kind": "challenge1", "path": "data/SpaceBasedTraining"},
            "faint": {"kind": "fits", "path": "data/euclid", "state": "denoised"},
        }
        path.write_text(yaml.safe_dump(config))
        assert "imulated" not in " ".join(data_sentences(read(folder)))
        assert "<strong>Simulated images." not in report_of(folder)

    def test_spread_of_one_run_and_of_none(self):
        row = pd.Series({"mean": 0.5, "min": 0.5, "max": 0.5, "n_runs": 1})
        assert spread(row) == "0.500 (one run)"
        assert spread(None) == "not available"


def _mixture_attrs(converged):
    return {"converged": converged, "n_iter": 7, "engine": "lensflow"}


class TestRuleGraph:
    def test_dot_is_read(self):
        names, edges = parse_dot(DOT)
        assert names == {0: "all", 1: "ingest", 2: "train"}
        assert edges == [(1, 0), (1, 2), (2, 0)]

    def test_edges_said_twice_are_left_out(self):
        assert reduced([(1, 0), (1, 2), (2, 0)]) == [(1, 2), (2, 0)]

    def test_each_rule_is_below_what_it_needs(self):
        edges = [(1, 2), (2, 0), (1, 0), (3, 0)]
        layers = layered(dict.fromkeys(range(4), ""), edges)
        assert all(layers[a] < layers[b] for a, b in edges)

    def test_every_rule_and_edge_is_drawn(self):
        svg = rule_graph_svg(DOT)
        assert svg.count("<rect") == 3
        assert svg.count("<path") == 2

    def test_long_edges_bend_around_rules(self):
        rules = "".join(f'{n}[label = "r{n}"];\n' for n in range(5))
        dot = rules + "0 -> 1\n1 -> 2\n2 -> 4\n0 -> 3\n3 -> 4\n"
        assert rule_graph_svg(dot).count("<rect") == 5

    def test_empty_graph(self):
        assert rule_graph_svg("digraph snakemake_dag {}") == ""

    def test_labels_are_escaped(self):
        assert "<b>" not in rule_graph_svg('0[label = "<b>"];')


class TestTimings:
    def test_jobs_of_a_rule_are_summed(self, folder):
        table = timings(folder / "benchmarks").set_index("rule")
        assert table.loc["fit_mixture"].tolist() == [2, 6.0, 3.5, 150.5]
        assert table.index[0] == "fit_mixture"

    def test_no_folder(self, tmp_path):
        assert timings(tmp_path / "none").empty

    def test_unmeasured_values(self, tmp_path):
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
    def test_rule_of_a_file(self, stem, rule):
        assert rule_of(stem, ["score", "score_shard", "prepare_stack"]) == rule

    def test_unknown_rule_ends_before_its_numbers(self):
        assert rule_of("fit_mixture_12_0", []) == "fit_mixture"
