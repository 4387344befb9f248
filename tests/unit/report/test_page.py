"""The page: it holds the numbers, says what is missing, and reaches for nothing outside."""

import base64
import re
from html.parser import HTMLParser

import pandas as pd
import yaml

from lensflow.report.contents import read_findings
from lensflow.report.page import write_report
from lensflow.report.pictures import figure_picture
from lensflow.report.shown import TABLES
from lensflow.report.words import spread
from unit.report.graph import DOT

SKY_VIEWERS = (
    "https://sky.esa.int/esasky/?",
    "https://www.legacysurvey.org/viewer?",
    "https://aladin.cds.unistra.fr/AladinLite/?",
)
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
        if tag in ("link", "iframe", "object"):
            self.found.append(tag)
        for name, value in attrs:
            asked = name in ("src", "srcset", "data", "action", "poster")
            if asked and not (value or "").startswith("data:image/webp;base64,"):
                self.found.append(f"{tag} {name}={value}")
            # What a person may click on: a place in the page, a file beside it, a sky viewer.
            if name == "href" and not value.startswith(("#", "demo/figures/", *SKY_VIEWERS)):
                self.found.append(f"{tag} {name}={value}")
        assert not [name for name, _ in attrs if name.startswith("on")]
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
    for viewer in SKY_VIEWERS:
        text = text.replace(f'href="{viewer}', "")
    assert not re.search(r"url\(|@import|https?://|fetch\(|import\(|XMLHttpRequest", text)


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
    assert figure_picture(figure)["address"] in text
    assert 'href="demo/figures/null_log_6.png"' in text
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


def test_an_experiment_with_others_beside_it_is_the_one_that_is_shown(folder):
    path = folder / "demo/config.yaml"
    config = yaml.safe_load(path.read_text())
    config["experiments"] = {"another": config["experiments"]["demo"], **config["experiments"]}
    config["experiments"]["demo"] = {**config["experiments"]["demo"], "beside": ["another"]}
    path.write_text(yaml.safe_dump(config))
    found = read_findings(path)
    assert found.experiment.name == "demo"
    assert found.tables["metrics"] is not None


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
    assert "No true class is known there" in text
    for absent in ("not available", "The null", "beat PCA"):
        assert absent not in text
    assert "There are no metrics" in text
    assert "purity and completeness are not known" in text
    assert "What is missed" not in text
    assert "Clusters judged by a person" in text


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


def test_pages_that_people_work_on_are_linked_where_they_are(folder):
    assert "judge.html" not in report_of(folder)
    for name in ("demo/judge.html", "demo/grade_faint.html"):
        (folder / name).touch()
    text = report_of(folder)
    assert '<a href="demo/judge.html">Judge the clusters of demo</a>' in text
    assert '<a href="demo/grade_faint.html">Grade the candidates of faint</a>' in text


def test_candidates_say_whose_judgement_ranks_them(folder):
    text = report_of(folder)
    assert "Ranked by “stand_in”: Clusters labelled by a stand-in" in text


def test_candidates_say_what_beside_the_clusters_makes_their_p(folder, monkeypatch):
    assert "Not the clusters alone" not in report_of(folder)
    path = folder / "demo/config.yaml"
    config = yaml.safe_load(path.read_text())
    mine = config["experiments"]["demo"]
    mine |= {"grades": ["mine.csv", "later.csv"], "mixture": {**mine["mixture"], "spread": 4}}
    config["presets"][mine["preset"]]["student"] = {}
    path.write_text(yaml.safe_dump(config))
    (folder / "mine.csv").touch()
    monkeypatch.chdir(folder)
    assert (
        "Not the clusters alone make p: 4 further mixtures; networks that learned what the "
        "clusters say (student); single images that people graded (mine.csv)."
    ) in report_of(folder)


def test_one_run_has_no_range(folder):
    assert "over runs</span>" in report_of(folder)
    path = folder / "demo/config.yaml"
    config = yaml.safe_load(path.read_text())
    config["experiments"]["demo"]["runs"] = 1
    path.write_text(yaml.safe_dump(config))
    text = report_of(folder)
    check_html(text)
    assert "over runs</span>" not in text
    assert ">interval</th>" not in text


def test_figures_stand_in_their_sections_with_their_captions(folder):
    figures = []
    for section, caption in (("Clusters", "clusters_lens"), ("Results", "null")):
        path = folder / f"demo/figures/{caption}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(PIXEL)
        figures.append((section, caption, path))
    text = report_of(folder, figures)
    parts = ("The best candidates", "How sure", "How complete", "Results", "Clusters", "Models")
    places = [text.index(f"<h3>{part}") for part in parts]
    assert places == sorted(places)
    assert text.index("<h3>Results") < text.index("labels shuffled") < text.index("<h3>Clusters")
    assert "Clusters with a lens fraction of at least 0.6" in text


def test_real_images_are_not_called_simulated(folder):
    assert "<strong>Simulated images." in report_of(folder)
    path = folder / "demo/config.yaml"
    config = yaml.safe_load(path.read_text())
    config["datasets"] = {
        "fake": {"kind": "challenge1", "path": "data/SpaceBasedTraining", "shards": 2},
        "faint": {"kind": "fits", "path": "data/euclid", "state": "denoised", "shards": 2},
    }
    path.write_text(yaml.safe_dump(config))
    assert "<strong>Simulated images." not in report_of(folder)


def test_candidates_come_as_pictures_where_the_images_are(results, tmp_path):
    root = tmp_path / "results"
    root.symlink_to(results["root"])
    entry = {"config_path": root / "demo/config.yaml", "figures": []}
    write_report(tmp_path / "report.html", [entry], benchmarks=root / "benchmarks")
    text = (tmp_path / "report.html").read_text()
    check_html(text)
    table = pd.read_csv(root / "demo/candidates_faint.csv", dtype={"id": str})
    for name in table["id"].head(20):
        assert f'alt="cutout of {name}"' in text


def test_positions_are_linked_and_hostile_ones_are_text(folder):
    path = folder / "demo/candidates_faint.csv"
    table = pd.read_csv(path, dtype={"id": str})
    table["ra"], table["dec"] = 150.1, -2.25
    table.loc[0, "path"] = '"><img src=x onerror=alert(1)>'
    table.loc[1, ["ra", "dec"]] = float("nan")
    table.to_csv(path, index=False)
    text = report_of(folder)
    check_html(text)
    assert "150.10000 -2.25000" in text
    assert text.count("Legacy Survey at candidate") == 19
    assert "https://www.legacysurvey.org/viewer?ra=150.100000&amp;dec=-2.250000&amp;" in text
    assert "&lt;img src=x onerror" in text


def test_a_known_lens_may_be_called_by_a_number(folder):
    path = folder / "demo/candidates_faint.csv"
    table = pd.read_csv(path, dtype={"id": str})
    table["known_lens"] = ["12", *[""] * (len(table) - 1)]
    table.to_csv(path, index=False)
    text = report_of(folder)
    assert text.count("known lens: ") == text.count("known lens: 12<") == 1


def test_grades_stand_beside_the_candidates_that_have_some(folder):
    path = folder / "demo/candidates_faint.csv"
    table = pd.read_csv(path, dtype={"id": str})
    table["mean_grade"] = table["n_graders"] = float("nan")
    table.loc[2, ["mean_grade", "n_graders"]] = 2.5, 2
    table.to_csv(path, index=False)
    text = report_of(folder)
    assert text.count("graded 2.5 points by 2") == text.count("points by") == 1


def test_the_interval_of_inspected_members_is_preferred_to_the_range_over_runs(folder):
    path = folder / "demo/candidates_faint.csv"
    table = pd.read_csv(path, dtype={"id": str})
    table["p_low"], table["p_high"] = 0.123, 0.987
    table.loc[0, "p_low"] = float("nan")
    table.to_csv(path, index=False)
    text = report_of(folder)
    assert text.count("0.123 to 0.987") == 2 * 19
    assert "over runs</span>" in text
