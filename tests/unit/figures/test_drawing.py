"""Every figure: its files are whole and reproducible, and it says when it has nothing to show."""

import pandas as pd
import pytest

from lensflow.figures.catalogue import FIGURES
from lensflow.figures.drawing import drawing_function
from lensflow.prepare.scaling import SCALES
from unit.figures.small_sample import run_files
from unit.report.report_fixtures import PRESET

TABLE2 = pd.DataFrame(
    {
        "name": ["Someone", "Unsupervised technique", "*ours"],
        "source": ["published", "published", "this run"],
        **{
            f"{metric}{end}": [0.9, 0.8, 0.7]
            for metric in ("auc", "tpr0", "tpr10")
            for end in ("", "_min", "_max")
        },
    }
)
HEADLINE = {"scale": "log", "n_features": 6}
KNOWN = {**HEADLINE, "sample": "train", "labels": "known", "cut": "none"}
STAND_IN = {**KNOWN, "labels": "stand_in"}
NOWHERE = {**KNOWN, "scale": "none"}


def without(where, *columns):
    return {column: value for column, value in where.items() if column not in columns}


def tables(p, *names):
    return {name: p["experiment"] / f"{name}.csv" for name in names}


def clusters(p):
    embeddings, mixture = run_files(p)
    return {"embeddings": embeddings, "mixture": mixture, "stacks": p["stacks"], "seed": 1}


def sources(p):
    embeddings, mixture = run_files(p)
    return {"embeddings": embeddings, "mixture": mixture, "shards": p["shards"], "seed": 1}


ARGUMENTS = {
    "label_methods": lambda p: {
        **tables(p, "roc", "metrics_summary"), "where": without(KNOWN, "labels")
    },
    "rates": lambda p: {**tables(p, "rates"), "judgement": "stand_in"},
    "missed": lambda p: {**tables(p, "missed"), "judgement": "stand_in"},
    "calibration": lambda p: {**tables(p, "calibration"), "judgement": "stand_in"},
    "null": lambda p: {**tables(p, "null", "metrics"), "where": {**KNOWN, "sample": "test"}},
    "baselines": lambda p: {
        **tables(p, "metrics", "baselines"), "where": without(KNOWN, "scale", "n_features"),
        "encoder": "polar encoder",
    },
    "confusion": lambda p: {**tables(p, "metrics"), "where": STAND_IN},
    "confusion_rare": lambda p: {**tables(p, "metrics"), "where": {**STAND_IN, "sample": "test"}},
    "roc_cut": lambda p: {
        **tables(p, "roc", "metrics_summary"), "compare": "cut", "where": without(KNOWN, "cut")
    },
    "roc_ratios": lambda p: {
        **tables(p, "roc", "metrics_summary"), "compare": "sample",
        "where": without(STAND_IN, "sample"), "values": ["test", "train"],
    },
    "ranking": lambda p: {
        "scores": [run / "scores_train.csv" for run in p["runs"]], "judgement": "stand_in",
        "ratios": (1, 50), "seed": 0,
    },
    "auc_features": lambda p: {
        **tables(p, "metrics_summary"), "where": without(KNOWN, "scale", "n_features"),
    },
    "table2": lambda p: tables(p, "table2"),
    "cluster_sheet_unlabelled": lambda p: {**clusters(p), "labelled": False},
    "cluster_sheet": lambda p: {**clusters(p), "labelled": True},
    "clusters_lens": lambda p: {**clusters(p), "kind": "lens", "shards": p["shards"]},
    "clusters_non_lens": lambda p: {**clusters(p), "kind": "non_lens"},
    "clusters_uncertain": lambda p: {**clusters(p), "kind": "uncertain"},
    "judged_examples": lambda p: {
        **clusters(p), "labels": p["runs"][0] / "cluster_labels_stand_in.csv",
        "judgement": "stand_in", "prior": [0.5, 0.5],
    },
    "clusters_sources": sources,
    "candidates": lambda p: {
        "candidates": p["experiment"] / "candidates_faint.csv", "shards": p["shards"],
        "scaling": "log", "judgement": "stand_in", "pixel_arcsec": 0.1,
    },
    "injected_completeness": lambda p: {
        "completeness": p["experiment"] / "injected_completeness_faint.csv",
        "judgement": "stand_in",
    },
    "injected_examples": lambda p: {"shards": p["injected"], "scaling": "log"},
    "class_examples": lambda p: {
        "index": p["index"], "shards": p["shards"], "scaling": "log", "seed": 0
    },
    "populations": lambda p: {
        "indices": [p["index"], p["faint_index"]], "names": ["one", "two"]
    },
    "denoising": lambda p: {"raw": p["raw"], "denoised": p["stacks"], "seed": 0},
    "reconstructions": lambda p: {"examples": p["runs"][0] / "examples_train.h5", "seed": 0},
    "training": lambda p: {
        "histories": [
            p["scale"] / "denoiser_history.csv",
            *[run / "autoencoder_history.csv" for run in p["runs"]],
        ],
        "networks": ["denoiser", "autoencoder", "autoencoder"], "names": ["log", "first", "second"],
    },
    "architecture": lambda p: {"preset": PRESET, "n_features": 24},
    "mixture_illustration": lambda p: {"seed": 0},
}  # fmt: skip


def draw(name, png, pdf, **arguments):
    figure = next(figure for figure in FIGURES if figure.name == name)
    drawing_function(figure.draw)(**arguments, png=png, pdf=pdf)


def test_every_figure_is_drawn_here():
    assert list(ARGUMENTS) == [figure.name for figure in FIGURES]


@pytest.fixture(scope="module", autouse=True)
def table2(paths):
    TABLE2.to_csv(paths["experiment"] / "table2.csv", index=False)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_files_are_whole_and_reproducible(name, paths, tmp_path):
    contents = []
    for attempt in ("first", "second"):
        png, pdf = tmp_path / attempt / "figure.png", tmp_path / attempt / "figure.pdf"
        draw(name, png, pdf, **ARGUMENTS[name](paths))
        contents.append((png.read_bytes(), pdf.read_bytes()))
    (png, pdf), again = contents
    assert png.startswith(b"\x89PNG")
    assert len(png) > 5000
    assert pdf.startswith(b"%PDF")
    assert b"CreationDate" not in pdf
    assert (png, pdf) == again


EMPTY = {
    "confusion": {"where": {"sample": "elsewhere"}},
    "roc_cut": {"where": {"sample": "elsewhere"}},
    "auc_features": {"where": {"sample": "elsewhere"}},
    "label_methods": {"where": {"sample": "elsewhere"}},
    "baselines": {"where": {"sample": "elsewhere"}, "encoder": "autoencoder"},
    "null": {"where": NOWHERE},
}


@pytest.mark.parametrize("name", ["rates", "missed", "calibration"])
def test_an_empty_table_of_the_finder_is_said(name, paths, files, tmp_path):
    whole = pd.read_csv(paths["experiment"] / f"{name}.csv")
    whole.head(0).to_csv(tmp_path / "empty.csv", index=False)
    draw(name, *files, **{name: tmp_path / "empty.csv", "judgement": "stand_in"})
    assert files[0].stat().st_size > 1000


@pytest.mark.parametrize("name", ["rates", "missed", "calibration"])
@pytest.mark.parametrize(
    ("ranker", "title"),
    [("density", "density alone"), ("density_arcs", "density and arcs by ranks")],
)
def test_where_nobody_judged_what_ranks_is_shown(name, ranker, title, paths, files, monkeypatch):
    """There is no probability then, and so nothing to calibrate."""
    seen = _texts_when_saved(monkeypatch)
    draw(name, *files, **tables(paths, name), judgement=ranker)
    expected = {"calibration": "no lens probabilities"}.get(name, title)
    assert any(expected in text for text in seen)


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_to_show_is_said(name, paths, files):
    draw(name, *files, **{**ARGUMENTS[name](paths), **EMPTY[name]})
    assert files[0].stat().st_size > 1000


def test_a_kind_without_clusters_is_said(small_sample, files):
    embeddings, mixture = small_sample
    sample = {"embeddings": embeddings, "mixture": mixture, "stacks": [], "seed": 0}
    draw("clusters_uncertain", *files, **sample, kind="uncertain")
    assert files[0].stat().st_size > 1000


def test_user_settings_do_not_reach_figures(paths, files, monkeypatch):
    import matplotlib

    draw("null", *files, **ARGUMENTS["null"](paths))
    before = files[0].read_bytes()
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 30)
    monkeypatch.setitem(matplotlib.rcParams, "axes.grid", True)
    draw("null", *files, **ARGUMENTS["null"](paths))
    assert files[0].read_bytes() == before


JUDGED = ["candidates", "ranking", "judged_examples", "confusion", "rates", "missed", "calibration"]
JUDGED += ["injected_completeness"]


@pytest.mark.parametrize("name", JUDGED)
def test_the_judgement_is_named_in_the_picture(name, paths, files, monkeypatch):
    """Whoever sees probabilities or candidates sees whose judgement of the clusters they are."""
    seen = _texts_when_saved(monkeypatch)
    draw(name, *files, **ARGUMENTS[name](paths))
    assert any("stand-in (25 true labels a cluster)" in text for text in seen)


@pytest.mark.parametrize(("sample", "label"), [("test", "held-out AUC"), ("train", "AUC")])
def test_an_auc_of_the_training_sample_is_not_called_held_out(
    paths, files, monkeypatch, sample, label
):
    seen = _texts_when_saved(monkeypatch)
    draw("null", *files, **{**ARGUMENTS["null"](paths), "where": {**KNOWN, "sample": sample}})
    assert {text for text in seen if text.endswith("AUC")} == {label}


def test_clusters_that_were_counted_are_said_to_be_near_a_verdict(paths, files, monkeypatch):
    """A cluster of p = 0.2 is shown with the non-lenses, and not as one of p = 0."""
    seen = _texts_when_saved(monkeypatch)
    draw("judged_examples", *files, **ARGUMENTS["judged_examples"](paths))
    titles = [text.split(":")[0] for text in seen if "$p$" in text]
    shown = ["non-lens ($p$ nearest 0)", "uncertain ($p$ nearest 0.5)", "lens ($p$ nearest 1)"]
    assert set(titles) == set(shown)


def test_every_dataset_with_lenses_is_in_the_populations(paths, files, monkeypatch):
    seen = _texts_when_saved(monkeypatch)
    names = ["first", "second", "third"]
    indices = [paths["index"], paths["faint_index"], paths["index"]]
    draw("populations", *files, indices=indices, names=names)
    assert {text.split(":")[0] for text in seen if "pass the cut" in text} == set(names)


def test_every_scale_of_images_has_a_line_by_its_number_of_features(
    paths, files, tmp_path, monkeypatch
):
    seen = _texts_when_saved(monkeypatch)
    arguments = ARGUMENTS["auc_features"](paths)
    table = pd.read_csv(arguments["metrics_summary"])
    table = pd.concat([table[table["scale"] == "log"].assign(scale=name) for name in SCALES])
    table.to_csv(tmp_path / "summary.csv", index=False)
    draw("auc_features", *files, **{**arguments, "metrics_summary": tmp_path / "summary.csv"})
    assert {f"{name} scale" for name in SCALES} <= set(seen)


def test_a_lens_fraction_has_one_colour_whatever_that_of_the_sample(
    paths, files, tmp_path, monkeypatch
):
    """Of a sample with 1 % lenses the curves as it is and at 1 % are one."""
    arguments = ARGUMENTS["rates"](paths)
    table = pd.read_csv(arguments["rates"], dtype={"run": str})
    _, *others = table["lens_fraction"].unique()
    one_percent = table[table["lens_fraction"].isin(others)].assign(sample="a_rare_one")
    pd.concat([one_percent, table]).to_csv(tmp_path / "rates.csv", index=False)
    seen = _curves_when_saved(monkeypatch)
    draw("rates", *files, **{**arguments, "rates": tmp_path / "rates.csv"})
    names = {"as it is", "1 %", "0.1 %", "0.01 %"}
    assert {name for name, _ in seen} == names
    assert len({colour for name, colour in seen if name in names}) == len(set(seen)) == 4


def _curves_when_saved(monkeypatch):
    """Return a list to which name and colour of each named curve come when a figure is saved."""
    from matplotlib.figure import Figure

    seen, save = [], Figure.savefig

    def note_and_save(figure, *arguments, **settings):
        curves = [line for axes in figure.axes for line in axes.lines]
        named = [line for line in curves if not line.get_label().startswith("_")]
        seen.extend((line.get_label(), line.get_color()) for line in named)
        save(figure, *arguments, **settings)

    monkeypatch.setattr(Figure, "savefig", note_and_save)
    return seen


def _texts_when_saved(monkeypatch):
    """Return a list to which the texts of each figure come when it is saved."""
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    seen, save = [], Figure.savefig

    def note_and_save(figure, *arguments, **settings):
        seen.extend(text.get_text() for text in figure.findobj(Text))
        save(figure, *arguments, **settings)

    monkeypatch.setattr(Figure, "savefig", note_and_save)
    return seen
