"""The peer of few looks: how it is asked and scored, and that the page shows what is published."""

import re

import numpy as np
import pandas as pd
import pytest

from benchmarks.activeml_peer import ASKED, CLASSIFIERS, LOOKS, learned, looks_of, steps
from docs import ROOT
from lensflow.studies.looking import WAYS

PUBLISHED = ROOT / "results/published/looking"
PAGE = (ROOT / "workflow/docs/looking.md").read_text()


def read(name):
    return pd.read_csv(PUBLISHED / name)


def shown(heading):
    """Return the cells of the page's table whose heading has these words, below it."""
    lines = PAGE.splitlines()
    (start,) = [number for number, line in enumerate(lines) if line.startswith(f"| {heading}")]
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip(" *") for cell in line[1:].rstrip("|").split("|")])
    return rows


def numbers(cell):
    return [float(text) for text in re.findall(r"\d+\.\d+", cell)]


def published(table, metric, **chosen):
    """Return a metric of a perfect judge, training-like and challenge-like."""
    for name, value in {"judge": "perfect", **chosen}.items():
        table = table[table[name] == value]
    by_sample = table.set_index("sample")[metric]
    assert by_sample.index.is_unique
    return [by_sample["training"], by_sample["challenge"]]


# --- how it is asked ------------------------------------------------------------------------------


class Nearest:
    """Says of each object what is known of the nearest one that was looked at."""

    def fit(self, x, labels):
        self.x, self.labels = x[~np.isnan(labels)], labels[~np.isnan(labels)]

    def predict_proba(self, x):
        p = self.labels[np.argmin(abs(x - self.x.T), axis=1)]
        return np.column_stack([1 - p, p])


class First:
    """Asks for the first objects that nobody looked at."""

    def query(self, x, labels, learner, fit_clf, batch_size):
        return np.flatnonzero(np.isnan(labels))[:batch_size]


def test_it_is_asked_in_batches_that_end_at_every_number_of_looks():
    assert steps([10, 24, 50]) == [10, 20, 24, 34, 44, 50]
    assert steps([100, 130, 200]) == [*range(10, 60, 10), 60, 72, 86, 100, 120, 130, 156, 187, 200]


@pytest.mark.parametrize("asking", [None, First()])
def test_it_reads_the_answers_of_what_it_looks_at_alone(asking):
    x = np.linspace(0, 1, 200)[:, None]
    answers, order = (x[:, 0] > 0.5).astype(int), np.random.default_rng(0).permutation(200)
    asked = np.setdiff1d(range(200), order[:10])[:30]
    looked = order[:40] if asking is None else [*order[:10], *asked]
    features = {"train": x, "test": x}
    found = dict(learned(features, answers, order, [10, 40], Nearest(), asking))
    assert list(found) == [10, 40]
    rest = np.setdiff1d(range(200), looked)
    changed = answers.copy()
    changed[rest] = 1 - changed[rest]
    again = dict(learned(features, changed, order, [10, 40], Nearest(), asking))
    assert again[40]["test"] == pytest.approx(found[40]["test"])


# --- how it is scored, and what is shown ----------------------------------------------------------


def test_the_peer_is_scored_where_ours_is():
    ours, peer = read("looking.csv"), read("activeml.csv")
    assert list(peer) == list(ours)
    assert set(peer["way"]) == {f"{name}, {asked}" for name in CLASSIFIERS for asked in ASKED}
    key = ["judge", "sample", "n_looks"]
    for (encoder, way), rows in peer.groupby(["encoder", "way"]):
        mine = ours[(ours["encoder"] == encoder) & ours["way"].isin(WAYS)]
        wanted = set(mine[key].itertuples(index=False, name=None))
        looks = looks_of(way.split(", ")[0], LOOKS)
        wanted = {row for row in wanted if row[-1] in looks}
        assert set(rows[key].itertuples(index=False, name=None)) == wanted, (encoder, way)
        assert wanted
    merits = peer[["auc", "tpr10", "recall"]].to_numpy()
    assert ((merits >= 0) & (merits <= 1)).all()


def test_auc_against_looks_is_what_is_published():
    table = read("looking.csv")
    rows = shown("looks | `polar`: clusters")
    assert len(rows) == 6
    for looks, *cells in rows:
        ways = [(encoder, way) for encoder in ("polar", "pca") for way in WAYS]
        for (encoder, way), cell in zip(ways, cells, strict=True):
            n_looks = int(looks.replace(",", ""))
            found = published(table, "auc", encoder=encoder, way=way, n_looks=n_looks)
            assert numbers(cell) == pytest.approx(found, abs=0.0005001), (looks, encoder, way)


def test_what_grading_gives_is_what_is_published():
    page = " ".join((ROOT / "workflow/docs/combining.md").read_text().split())
    shown_there = numbers(
        page[page.index("600 looks](looking.md)") : page.index("a head gains most")]
    )
    table, found = read("looking.csv"), []
    for n_looks in (600, 100):
        for way in ("clusters", "both"):
            for metric, digits in (("auc", 3), ("tpr10", 2)):
                chosen = published(table, metric, encoder="polar", way=way, n_looks=n_looks)
                found += [round(value, digits) for value in chosen]
    assert shown_there == pytest.approx(found, abs=1e-9)


def test_students_are_what_is_published():
    table = read("students.csv")
    rows = shown("looks | clusters: AUC | recall | student")
    assert len(rows) == 3
    for looks, *cells in rows:
        ways = ("clusters", "student", "student, graded")
        columns = [(way, metric) for way in ways for metric in ("auc", "recall")]
        for (way, metric), cell in zip(columns, cells, strict=True):
            found = published(table, metric, way=way, n_looks=int(looks))
            within = 0.0005001 if metric == "auc" else 0.005001
            assert numbers(cell) == pytest.approx(found, abs=within), (looks, way, metric)


def test_the_peer_beside_ours_is_what_is_published():
    table = pd.concat([read("looking.csv"), read("activeml.csv")])
    named = {"clusters": ("clusters", ""), "both": ("both", "")}
    named["support vector machine"] = ("", "random images")
    named |= {name: tuple(f"{name}, {asked}" for asked in ASKED) for name in CLASSIFIERS}
    rows = shown("looks at `polar`")
    assert [row[0] for row in rows] == list(named)
    for name, *cells in rows:
        columns = [
            (way, looks, metric)
            for way in named[name]
            for looks in (100, 1000)
            for metric in ("auc", "recall")
        ]
        for (way, n_looks, metric), cell in zip(columns, cells, strict=True):
            if not way or n_looks not in looks_of(name, LOOKS):
                assert cell == ""
                continue
            found = published(table, metric, encoder="polar", way=way, n_looks=n_looks)
            within = 0.0005001 if metric == "auc" else 0.005001
            assert numbers(cell) == pytest.approx(found, abs=within), (way, n_looks, metric)
