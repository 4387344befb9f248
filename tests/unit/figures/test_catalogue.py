"""The table of figures: that each entry can be drawn, captioned, and is there when it should be."""

import inspect
import re
from pathlib import Path

import pytest

from lensflow.experiment import Experiment
from lensflow.figures.catalogue import (
    FIGURES,
    PAPER_PLACES,
    SECTIONS,
    figure_paths,
    published_figures,
)
from lensflow.figures.drawing import drawing_function

ROOT = Path(__file__).resolve().parents[3]
CAPTIONS = ROOT / "workflow/report/captions"
NAMES = [figure.name for figure in FIGURES]
# Tables have captions in Snakemake's own report.
TABLES = {"table1", "paper_comparison"}


def experiment(encoder="autoencoder", **settings):
    """Return an experiment that has every figure, or one that differs from it."""
    complete = {
        "dataset": "training", "apply_to": ["survey"], "protocol": "paper", "preset": "small",
        "scales": ["log", "linear"], "n_features": [3, 6], "runs": 2, "shards": 2,
        "headline": {"scale": "log", "n_features": 6}, "labels": ["known", "stand_in"],
        "person_labels": "judged.csv", "injections": None, "prior": [0.5, 0.5],
        "baselines": True,
        "compare_paper": {"honest": None}, "appendix_a": {"n_features": None, "denoise": False},
    }  # fmt: skip
    training = {"kind": "simulate", "population": "training", "n_objects": 9, "shards": 1}
    survey = {"kind": "fits", "path": "survey", "catalogue": None, "shards": 3}
    survey["completeness"] = {"n": 9, "shards": 2}
    config = {
        "seed": 1,
        "datasets": {"training": {**training, "source_images": True}, "survey": survey},
        "presets": {"small": {"encoder": encoder}},
        "experiments": {"one": {**complete, **settings}},
    }
    return Experiment("one", config)


def names_of(an_experiment):
    return [Path(path).stem for path in figure_paths(an_experiment)]


@pytest.mark.parametrize("figure", FIGURES, ids=NAMES)
def test_the_function_takes_what_the_table_gives(figure):
    one = experiment()
    assert figure.instances(one)
    for wildcards in figure.instances(one):
        inputs, params = figure.inputs(one, **wildcards), figure.params(one, **wildcards)
        assert not set(inputs) & set(params)
        function = inspect.signature(drawing_function(figure.draw))
        function.bind(**inputs, **params, png="", pdf="")


def test_no_drawing_function_has_an_option_that_nobody_uses():
    one, given = experiment(), {}
    for figure in FIGURES:
        wildcards = figure.instances(one)[0]
        used = {*figure.inputs(one, **wildcards), *figure.params(one, **wildcards), "png", "pdf"}
        given.setdefault(figure.draw, set()).update(used)
    for place, used in given.items():
        assert set(inspect.signature(drawing_function(place)).parameters) == used


def test_inputs_are_paths_under_results():
    one = experiment()
    for figure in FIGURES:
        for wildcards in figure.instances(one):
            for paths in figure.inputs(one, **wildcards).values():
                paths = [paths] if isinstance(paths, str) else paths
                assert all(path.startswith(("results/", "judged.csv")) for path in paths)


def test_every_figure_has_a_caption_and_every_caption_a_figure_or_table():
    assert {*NAMES, *TABLES} == {path.stem for path in CAPTIONS.glob("*.rst")}
    assert len(set(NAMES)) == len(NAMES)


def test_sections_stand_in_their_order():
    places = [SECTIONS.index(figure.section) for figure in FIGURES]
    assert places == sorted(places)
    assert set(places) == set(range(len(SECTIONS)))


def test_the_order_within_sections_is_that_of_the_argument():
    sections = {
        section: [figure.name for figure in FIGURES if figure.section == section]
        for section in SECTIONS
    }
    assert sections == {
        "Results": [
            "label_methods", "rates", "missed", "calibration", "null", "baselines", "confusion",
            "confusion_rare", "roc_cut", "roc_ratios", "ranking", "auc_features", "table2",
        ],
        "Clusters": [
            "cluster_sheet_unlabelled", "cluster_sheet", "clusters_lens", "clusters_non_lens",
            "clusters_uncertain", "judged_examples", "clusters_sources",
        ],
        "Candidates": ["candidates", "injected_completeness", "injected_examples"],
        "Images and training": [
            "class_examples", "populations", "denoising", "reconstructions", "training",
            "architecture", "mixture_illustration",
        ],
    }  # fmt: skip


def test_a_labelled_experiment_of_the_paper_has_them_all():
    names = names_of(experiment())
    assert {figure.name for figure in FIGURES if figure.paths(experiment())} == set(NAMES)
    assert [name for name in names if name.startswith("clusters_log")] == [
        "clusters_log_features_6_run_0",
        "clusters_log_features_6_run_1",
    ]
    assert [name for name in names if "unlabelled" in name] == [
        "clusters_unlabelled_log_features_6_run_0"
    ]
    assert "candidates_survey" in names


def test_an_unlabelled_experiment_has_what_needs_no_labels():
    survey = {"dataset": "survey", "protocol": "unlabelled", "labels": ["person"]}
    one = experiment(**survey, apply_to=[], compare_paper=None, appendix_a=None)
    assert names_of(one) == [
        "clusters_unlabelled_log_features_6_run_0",
        "clusters_unlabelled_log_features_6_run_1",
        "candidates_survey",
        "injected_completeness_survey",
        "injected_examples_survey",
        "denoising",
        "reconstructions",
        "training",
        "architecture",
    ]


def test_rates_need_true_classes_and_calibration_a_judgement_too():
    """A survey of one's own, applied to a simulation: what it finds is known there."""
    survey = {"dataset": "survey", "protocol": "unlabelled", "compare_paper": None}
    for labels, missing in ((["person"], set()), (["nobody"], {"calibration"})):
        one = experiment(**survey, apply_to=["training"], labels=labels)
        assert {"rates", "missed", "calibration"} - set(names_of(one)) == missing


def test_the_honest_protocol_has_no_figure_of_table_1():
    missing = set(names_of(experiment())) - set(names_of(experiment(protocol="honest")))
    assert missing == {"roc_ratios", "confusion_rare", "ranking", "mixture_illustration"}


def test_where_nobody_judged_there_are_no_curves_of_a_probability():
    missing = set(names_of(experiment())) - set(names_of(experiment(labels=["nobody"])))
    assert "ranking" in missing


def test_principal_components_are_shown_beside_what_was_judged_alike():
    assert "baselines" not in names_of(experiment(labels=["stand_in"]))


@pytest.mark.parametrize(
    ("settings", "figure"),
    [
        ({"baselines": False}, "baselines"),
        ({"n_features": [6]}, "auc_features"),
        ({"labels": ["known"]}, "judged_examples"),
        ({"compare_paper": None}, "table2"),
        ({"appendix_a": None}, "clusters_sources"),
    ],
)
def test_a_figure_without_its_data_is_left_out(settings, figure):
    assert set(names_of(experiment())) - set(names_of(experiment(**settings))) == {figure}


@pytest.mark.parametrize("encoder", ["pca", "polar"])
def test_an_encoder_without_a_network_has_no_figure_of_one(encoder):
    one = experiment(encoder)
    missing = {"reconstructions", "architecture"}
    missing |= set() if one.denoises else {"denoising", "training"}
    assert set(names_of(experiment())) - set(names_of(one)) == missing


def test_the_judgement_that_counts_is_shown():
    (figure,) = [figure for figure in FIGURES if figure.name == "judged_examples"]
    one = experiment(labels=["known", "person"])
    assert figure.inputs(one)["labels"] == "judged.csv"
    assert figure.params(one)["judgement"] == "person"


def test_logs_of_figures_with_wildcards_tell_them_apart():
    for figure in FIGURES:
        fields = re.findall(r"{\w+}", figure.stem)
        assert figure.job == "_".join([f"plot_{figure.name}", *fields])


def test_published_figures_stand_in_the_order_of_the_paper():
    titles = [title for _, _, title in published_figures()]
    assert titles == [
        "Fig. 1: the feature autoencoder",
        "Fig. 2: a mixture in two dimensions",
        "Fig. 3: examples of the classes",
        "Fig. 4: before and after denoising",
        "Fig. 5: clusters judged 0, 0.5 and 1",
        "Fig. 7: AUC against the number of features",
        "Fig. 8: known fraction and assumed probability",
        "Beside Fig. 8: held-out objects, both classes augmented alike",
        "Fig. 9: confusion matrix of the training sample",
        "Fig. 10: clusters with many lenses",
        "Fig. 11: clusters with many non-lenses",
        "Fig. 12: uncertain clusters",
        "Fig. 13: ROC of the test sets of table 1",
        "Beside Fig. 13: what a ROC does not show",
        "Fig. 14: confusion matrix at 0.01 % lenses",
        "Fig. 15: how visible the lenses of both sets are",
        "Fig. 16: ROC before and after the cut",
        "Table 2: the challenge's methods and ours",
        "Fig. A1: clusters of the sources alone",
        "The null: shuffled labels",
        "Principal components in place of the autoencoder",
    ]


def test_what_is_published_exists():
    assert {name for _, name, _ in published_figures()} <= set(NAMES)
    assert {role for role, _, _ in published_figures()} == {"training", "honest", "challenge"}
    assert {figure.paper for figure in FIGURES} <= set(PAPER_PLACES)
