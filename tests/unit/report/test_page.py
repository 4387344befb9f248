"""The page: it holds the numbers, says what is missing, and reaches for nothing outside."""

import base64
import re
from html.parser import HTMLParser

import pandas as pd
import yaml

from lensflow.report.page import write_report
from lensflow.report.shown import TABLES
from lensflow.report.words import spread
from unit.report.graph import DOT

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)


def report_of(folder, figures=(), **options):
    entry = {"config_path": folder / "demo/config.yaml", "figures": figures}
    write_report(
        folder / "report.html",
        [entry],
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


def test_numbers_are_in_it_and_nothing_outside_is_asked_for(folder):
    figure = folder / "demo/figures/null_log_6.png"
    figure.parent.mkdir()
    figure.write_bytes(PIXEL)
    text = report_of(
        folder,
        [("Results", "null", figure)],
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


def test_report_is_the_same_again(folder):
    assert report_of(folder) == report_of(folder)


def test_missing_pieces_leave_a_sentence(folder):
    for path in (folder / "demo").glob("*.csv"):
        path.unlink()
    for path in (folder / "demo/log").rglob("*.*"):
        path.unlink()
    for path in (folder / "benchmarks").rglob("*.tsv"):
        path.unlink()
    text = report_of(folder, [("Results", "null", folder / "demo/figures/gone.png")])
    check_html(text)
    assert "<img" not in text
    for sentence in (
        "The null was not computed",
        "(PCA) was not made",
        "There are no metrics",
        "purity and completeness are not known",
        "not applied to other datasets",
        "The comparison was not made",
        "There are no benchmark files",
        "The rule graph was not given",
        "no training report",
        "no mixture",
        "not available",
    ):
        assert sentence in text


def test_unlabelled_experiment(folder):
    path = folder / "demo/config.yaml"
    config = yaml.safe_load(path.read_text())
    config["experiments"]["demo"] |= {"protocol": "unlabelled", "labels": ["person"]}
    path.write_text(yaml.safe_dump(config))
    for name in ("metrics", *TABLES):
        table = folder / f"demo/{name}.csv"
        table.write_text(table.read_text().splitlines()[0] + "\n")
    text = report_of(folder)
    check_html(text)
    assert "There are no metrics" in text
    assert "purity and completeness are not known" in text
    assert "What is missed" not in text
    assert "Clusters labelled by a person" in text


def test_names_from_data_cannot_break_the_page(folder):
    path = folder / "demo/candidates_faint.csv"
    table = pd.read_csv(path, dtype={"id": str})
    table.loc[0, "id"] = "<script>alert(1)</script>"
    table.to_csv(path, index=False)
    text = report_of(folder)
    check_html(text)
    assert "&lt;script&gt;" in text


def test_candidates_are_the_best_twenty(folder):
    text = report_of(folder)
    table = pd.read_csv(folder / "demo/candidates_faint.csv", dtype={"id": str})
    assert f"<td>{table['id'].iloc[19]}</td>" in text
    assert f"<td>{table['id'].iloc[20]}</td>" not in text


def test_candidates_say_whose_judgement_ranks_them(folder):
    text = report_of(folder)
    assert "Ranked with labels “stand_in” (stand-in (25 true labels a cluster))" in text


def test_figures_stand_in_their_sections_with_their_captions(folder):
    figures = []
    for section, caption in (("Clusters", "clusters_lens"), ("Results", "null")):
        path = folder / f"demo/figures/{caption}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(PIXEL)
        figures.append((section, caption, path))
    text = report_of(folder, figures)
    places = [
        text.index(part)
        for part in ("<h3>Results", "labels shuffled", "<h3>Clusters", "<h3>Candidates")
    ]
    assert places == sorted(places)
    assert "Clusters with a lens fraction of at least 0.6" in text


def test_real_images_are_not_called_simulated(folder):
    assert "<strong>Simulated images." in report_of(folder)
    path = folder / "demo/config.yaml"
    config = yaml.safe_load(path.read_text())
    config["datasets"] = {
        "fake": {"kind": "challenge1", "path": "data/SpaceBasedTraining"},
        "faint": {"kind": "fits", "path": "data/euclid", "state": "denoised"},
    }
    path.write_text(yaml.safe_dump(config))
    assert "<strong>Simulated images." not in report_of(folder)
