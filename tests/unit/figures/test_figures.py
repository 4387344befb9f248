"""Figures: what they say and choose, and that their files are whole and reproducible."""

import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts, tables
from lensflow.cluster import judgements
from lensflow.cluster.mixture.parameters import MixtureParameters
from lensflow.errors import ArtifactError
from lensflow.figures import (
    candidates,
    features,
    images,
    members,
    metrics,
    populations,
    ranking,
    roc,
    sheets,
    sources,
    style,
    training_curves,
)
from lensflow.figures.architecture import architecture, layer_look
from lensflow.figures.mixture_illustration import ellipse_of, mixture_illustration
from lensflow.networks.presets import describe
from lensflow.seeds import rng
from unit.report.report_fixtures import PRESET, make_experiment

N_FEATURES = 6
WHERE = {"scale": "log", "n_features": N_FEATURES, "sample": "train", "cut": "none"}


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return make_experiment(tmp_path_factory.mktemp("results"), n=60, n_features=N_FEATURES)


@pytest.fixture
def files(tmp_path):
    return tmp_path / "figure.png", tmp_path / "figure.pdf"


def run_files(paths, run=0):
    folder = paths["runs"][run]
    return [folder / "embeddings_train.h5"], folder / "mixture.h5"


def write_small_sample(folder, is_lens, cluster, offsets, n_clusters, ids=None):
    """Embeddings and mixture made by hand: round clusters, 100 standard deviations apart."""
    ids = ids or [f"o{number}" for number in range(len(is_lens))]
    means = np.stack([100.0 * np.arange(n_clusters), np.zeros(n_clusters)], axis=1)
    with artifacts.create(folder / "embeddings.h5", "embeddings") as writer:
        writer.dataset("embedding", (means[cluster] + offsets).astype(np.float32))
        writer.strings("id", ids)
        writer.dataset("rotation", np.zeros(len(ids), np.int8))
        writer.dataset("is_lens", np.asarray(is_lens, np.int8))
    MixtureParameters(
        weights=np.full(n_clusters, 1 / n_clusters),
        means=means,
        covariances=np.tile(np.eye(2), (n_clusters, 1, 1)),
        precisions_cholesky=np.tile(np.eye(2), (n_clusters, 1, 1)),
        degrees_of_freedom=np.full(n_clusters, 10.0),
        mean_precision=np.full(n_clusters, 100.0),
        weight_concentration=np.ones((2, n_clusters)),
        mean_prior=np.zeros(2),
        covariance_prior=np.eye(2),
        feature_is_constant=np.zeros(2, np.int8),
        converged=True,
        n_iter=1,
        lower_bound=0.0,
        seed=0,
        n_samples=len(ids),
        engine="lensflow",
    ).save(folder / "mixture.h5")
    return [folder / "embeddings.h5"], folder / "mixture.h5"


@pytest.fixture
def small_sample(tmp_path):
    # Cluster 0: 3 lenses, 1 non-lens. Cluster 1: 1 lens, 3 non-lenses. Cluster 2: one unknown.
    is_lens = [1, 1, 1, 0, 1, 0, 0, 0, -1]
    cluster = [0, 0, 0, 0, 1, 1, 1, 1, 2]
    offsets = [[4, 0], [0, 1], [3, 0], [2, 0], [1, 1], [0, 0], [0, 2], [3, 3], [0, 0]]
    return write_small_sample(tmp_path, is_lens, cluster, offsets, n_clusters=4)


class TestMembers:
    def test_fractions_and_shares_of_a_hand_made_case(self, small_sample):
        first, second, third, fourth = members.read_clusters(*small_sample)
        assert (first.n_members, first.lens_fraction, first.lens_share) == (4, 0.75, 0.75)
        assert (second.n_members, second.lens_fraction, second.lens_share) == (4, 0.25, 0.25)
        assert first.non_lens_fraction == 0.25
        assert third.n_members == 1
        assert np.isnan(third.lens_fraction)
        assert fourth.n_members == 0
        assert fourth.keys == ()

    def test_titles_hold_the_fractions(self, small_sample):
        cluster = members.read_clusters(*small_sample)[0]
        title = sheets.cluster_title(cluster, labelled=True)
        assert title == "cluster 0: 4 members\nlens 0.75, non-lens 0.25, $F_{len}$ 0.75"

    def test_title_without_labels_says_nothing_of_them(self, small_sample):
        cluster = members.read_clusters(*small_sample)[0]
        assert sheets.cluster_title(cluster, labelled=False) == "cluster 0: 4 members"

    def test_title_of_unknown_labels(self, small_sample):
        cluster = members.read_clusters(*small_sample)[2]
        assert sheets.cluster_title(cluster, labelled=True) == "cluster 2: 1 members"

    def test_nearest_members_come_first(self, small_sample):
        clusters = members.read_clusters(*small_sample, n_shown=3, choice="nearest")
        assert [key[0] for key in clusters[0].keys] == ["o1", "o3", "o2"]
        assert clusters[0].is_lens == (1, 0, 1)

    def test_distance_uses_the_covariance(self):
        covariance = np.array([[4.0, 1.0], [1.0, 2.0]])
        factor = np.linalg.cholesky(np.linalg.inv(covariance))
        x, mean = rng(0, "points").normal(size=(5, 2)), np.array([0.5, -1.0])
        expected = [np.sqrt((p - mean) @ np.linalg.inv(covariance) @ (p - mean)) for p in x]
        np.testing.assert_allclose(members.mahalanobis(x, mean, factor), expected)

    @pytest.mark.parametrize("choice", ["random", "nearest"])
    def test_each_object_is_shown_once(self, tmp_path, choice):
        ids = ["a", "a", "b", "b", "c"]
        small = write_small_sample(tmp_path, [1] * 5, [0] * 5, np.eye(5, 2), 1, ids)
        (cluster,) = members.read_clusters(*small, choice=choice)
        assert sorted(key[0] for key in cluster.keys) == ["a", "b", "c"]
        assert cluster.n_members == 5

    def test_random_members_are_those_that_the_stand_in_inspects(self, paths):
        embeddings, mixture = run_files(paths)
        table = pd.read_csv(paths["runs"][0] / "scores_train.csv", dtype={"id": str})
        rows = judgements.representatives(
            table["cluster"].to_numpy(), table["id"].to_numpy(), N_FEATURES, seed=3
        )
        clusters = members.read_clusters(embeddings, mixture, seed=3)
        for cluster, expected in zip(clusters, rows, strict=True):
            assert [key[0] for key in cluster.keys] == table["id"].iloc[expected].tolist()

    def test_shards_make_one_sample(self, small_sample):
        (path,), mixture = small_sample
        once = members.read_clusters([path], mixture)[0]
        twice = members.read_clusters([path, path], mixture)[0]
        assert twice.n_members == 2 * once.n_members
        assert len(twice.keys) == len(once.keys)

    def test_variants_split_the_clusters_at_their_fractions(self, small_sample):
        clusters = members.read_clusters(*small_sample)
        chosen = {v: [c.number for c in members.select(clusters, v)] for v in sheets.VARIANT_NAMES}
        assert chosen["lens"] == [0]
        assert chosen["non_lens"] == [1]
        assert chosen["uncertain"] == []
        assert chosen["all"] == [0, 1, 2]


class TestSources:
    def test_images_come_in_the_order_asked_for(self, paths):
        with artifacts.open(paths["stacks"][1], "stack") as file:
            ids, turns = artifacts.read_strings(file, "id"), artifacts.read(file, "rotation")
            expected = artifacts.read(file, "image")[[5, 2]]
        wanted = [(ids[5], int(turns[5])), (ids[2], int(turns[2]))]
        np.testing.assert_array_equal(sources.stack_images(paths["stacks"], wanted), expected)

    def test_missing_image_is_named(self, paths):
        with pytest.raises(ArtifactError, match="id nowhere, rotation 0"):
            sources.stack_images(paths["stacks"], [("nowhere", 0)])

    def test_flux_and_sky_belong_to_the_ids(self, paths):
        flux, sky = sources.dataset_images(paths["shards"], ["100050", "100001"])
        assert flux.shape == (2, 101, 101)
        with artifacts.open(paths["shards"][0], "images") as file:
            np.testing.assert_array_equal(flux[1], artifacts.read(file, "flux")[1])
        assert (sky > 0).all()


class TestMosaic:
    def test_first_image_is_at_the_top_left(self):
        canvas = sheets.mosaic(np.arange(1.0, 4.0)[:, None, None] * np.ones((3, 2, 2)), 2, 2)
        assert canvas.shape == (7, 7)
        assert (canvas[-2:, :2] == 1).all()
        assert (canvas[-2:, -2:] == 2).all()
        assert (canvas[:2, :2] == 3).all()
        assert np.isnan(canvas[:2, -2:]).all()

    def test_surplus_images_are_left_out(self):
        assert np.nanmax(sheets.mosaic(np.ones((9, 2, 2)), 2, 2)) == 1

    def test_by_turns(self):
        assert sheets.by_turns([[1, 2, 3], [], [4], [5, 6]]) == [1, 4, 5, 2, 6, 3]


class TestChoices:
    def test_balanced_draw_alternates_classes(self):
        is_lens = np.array([1] * 50 + [0] * 3)
        drawn = is_lens[images.balanced_draw(is_lens, 8, seed=0)]
        assert drawn.tolist() == [1, 0, 1, 0, 1, 0, 1, 1]

    def test_balanced_draw_of_fewer_than_asked(self):
        assert sorted(images.balanced_draw(np.array([-1, -1]), 6, seed=0)) == [0, 1]

    def test_confusion_fractions_are_of_the_true_class(self):
        rows = pd.DataFrame({"tp": [8, 6], "fp": [1, 2], "fn": [2, 4], "tn": [9, 8]})
        counts, fractions = metrics.confusion_fractions(rows)
        np.testing.assert_array_equal(counts[0], [[9, 1], [2, 8]])
        np.testing.assert_allclose(fractions[0], [[0.9, 0.1], [0.2, 0.8]])
        np.testing.assert_allclose(fractions.sum(axis=2), 1)

    def test_confusion_without_lenses_is_unknown(self):
        rows = pd.DataFrame({"tp": [0], "fp": [1], "fn": [0], "tn": [9]})
        assert np.isnan(metrics.confusion_fractions(rows)[1][0, 1]).all()

    def test_ranking_counts_weights_and_groups_ties(self):
        scores = pd.DataFrame(
            {"is_lens": [1, 0, 1, 0, -1], "weight": [1, 3, 1, 0, 1], "p": [0.9, 0.9, 0.2, 0.1, 1.0]}
        )
        n_best, n_found = ranking.found_among_best(scores, "p")
        assert n_best.tolist() == [0, 4, 5]
        assert n_found.tolist() == [0, 1, 2]

    def test_rows_where_takes_lists(self):
        table = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "y"]})
        assert tables.rows_where(table, {"a": [2, 3], "b": "y"})["a"].tolist() == [2, 3]

    def test_rows_where_names_a_missing_column(self):
        with pytest.raises(ArtifactError, match="no column"):
            tables.rows_where(pd.DataFrame({"a": [1]}), {"colour": 1})

    def test_names_of_resampled_sets(self):
        assert roc._name("sample", "test_1to10000") == "1:10000"

    def test_ellipse_of_a_turned_gaussian(self):
        turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
        major, minor, angle = ellipse_of(turn @ np.diag([9.0, 4.0]) @ turn.T)
        assert (major, minor) == (pytest.approx(3), pytest.approx(2))
        assert angle % 180 == pytest.approx(np.degrees(0.5))

    def test_layers_that_only_move_numbers_are_not_drawn(self):
        looks = {layer.name: layer_look(layer) for layer in describe(PRESET, 24)}
        assert looks["flatten"] is None
        assert looks["embedding"] == "embedding"
        assert looks["output"] == "convolution"


def draw_sheet(paths, png, pdf):
    sheets.cluster_sheet(*run_files(paths), paths["stacks"], png, pdf)


FIGURES = {
    "class_examples": lambda p, *f: images.class_examples(p["index"], p["shards"], *f),
    "denoising": lambda p, *f: images.denoising_examples(p["raw"], p["stacks"], *f),
    "reconstructions": lambda p, *f: images.reconstruction_examples(
        p["runs"][0] / "examples_train.h5", *f
    ),
    "cluster_sheet": draw_sheet,
    "clusters_lens": lambda p, *f: sheets.cluster_columns(
        *run_files(p), p["stacks"], *f, variant="lens", shards=p["shards"]
    ),
    "judged": lambda p, *f: sheets.judged_examples(
        *run_files(p), p["runs"][0] / "cluster_labels_stand_in.csv", p["stacks"], *f
    ),
    "label_methods": lambda p, *f: metrics.label_methods(
        p["experiment"] / "roc.csv", p["experiment"] / "metrics_summary.csv", *f, where=WHERE
    ),
    "roc_cut": lambda p, *f: roc.roc_curves(
        p["experiment"] / "roc.csv", p["experiment"] / "metrics_summary.csv", *f, compare="cut",
        where={"scale": "log", "n_features": N_FEATURES, "sample": "train", "labels": "known"},
    ),
    "confusion": lambda p, *f: metrics.confusion_matrix(
        p["experiment"] / "metrics.csv", *f, where={**WHERE, "labels": "stand_in"}
    ),
    "baselines": lambda p, *f: metrics.baseline_comparison(
        p["experiment"] / "metrics.csv", p["experiment"] / "baselines.csv", *f,
        where={"sample": "test", "labels": "known", "cut": "none"},
    ),
    "auc_features": lambda p, *f: features.auc_by_features(
        p["experiment"] / "metrics_summary.csv", *f,
        where={"sample": "train", "labels": "known", "cut": "none"},
    ),
    "null": lambda p, *f: features.null_distribution(
        p["experiment"] / "null.csv", p["experiment"] / "metrics.csv", *f,
        where={"scale": "log", "n_features": N_FEATURES},
    ),
    "populations": lambda p, *f: populations.population_comparison(
        {"one": p["index"], "two": p["faint_index"]}, *f
    ),
    "training": lambda p, *f: training_curves.training_curves(
        [("denoiser", {"log": p["scale"] / "denoiser_history.csv"})], *f
    ),
    "architecture": lambda p, *f: architecture(describe(PRESET, 24), *f),
    "mixture": lambda p, *f: mixture_illustration(*f),
    "candidates": lambda p, *f: candidates.candidate_sheet(
        p["experiment"] / "candidates_faint.csv", p["shards"], *f, n_best=8
    ),
    "ranking": lambda p, *f: ranking.ranking_curves(
        [run / "scores_train.csv" for run in p["runs"]], *f, ratios=(1, 50)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_files_are_whole_and_reproducible(name, paths, tmp_path):
    contents = []
    for attempt in ("first", "second"):
        png, pdf = tmp_path / attempt / "figure.png", tmp_path / attempt / "figure.pdf"
        FIGURES[name](paths, png, pdf)
        contents.append((png.read_bytes(), pdf.read_bytes()))
    (png, pdf), again = contents
    assert png.startswith(b"\x89PNG")
    assert len(png) > 5000
    assert pdf.startswith(b"%PDF")
    assert b"CreationDate" not in pdf
    assert (png, pdf) == again


EMPTY = {
    "no such sample": lambda p, *f: metrics.confusion_matrix(
        p["experiment"] / "metrics.csv", *f, where={"sample": "elsewhere"}
    ),
    "no curve": lambda p, *f: roc.roc_curves(
        p["experiment"] / "roc.csv", p["experiment"] / "metrics_summary.csv", *f, compare="cut",
        where={"sample": "elsewhere"},
    ),
    "no AUC": lambda p, *f: features.auc_by_features(
        p["experiment"] / "metrics_summary.csv", *f, where={"sample": "elsewhere"}
    ),
    "no methods": lambda p, *f: metrics.label_methods(
        p["experiment"] / "roc.csv", p["experiment"] / "metrics_summary.csv", *f,
        where={"sample": "elsewhere"},
    ),
    "no baselines": lambda p, *f: metrics.baseline_comparison(
        p["experiment"] / "metrics.csv", p["experiment"] / "baselines.csv", *f,
        where={"sample": "elsewhere"},
    ),
    "no shuffle": lambda p, *f: features.null_distribution(
        p["experiment"] / "null.csv", p["experiment"] / "metrics.csv", *f, where={"scale": "none"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_to_show_is_said(name, paths, files):
    EMPTY[name](paths, *files)
    assert files[0].stat().st_size > 1000


def test_variant_without_clusters_is_said(small_sample, files):
    sheets.cluster_columns(*small_sample, [], *files, variant="uncertain")
    assert files[0].stat().st_size > 1000


def test_no_candidates_is_said(tmp_path, files):
    pd.DataFrame(columns=["rank", "id", "p_lens"]).to_csv(tmp_path / "none.csv", index=False)
    candidates.candidate_sheet(tmp_path / "none.csv", [], *files)
    assert files[0].stat().st_size > 1000


def test_unlabelled_dataset_has_examples_but_no_populations(tmp_path, files):
    catalogue = pd.DataFrame(
        {
            "is_lens": np.full(3, -1, np.int8),
            "einstein_radius_arcsec": np.full(3, np.nan),
            "numb_pix_lensed_image": np.full(3, -1.0),
            "flux_lensed_image_in_sigma": np.full(3, np.nan),
        }
    )
    with artifacts.create(tmp_path / "index.h5", "index") as writer:
        writer.strings("id", ["a", "b", "c"])
        artifacts.write_table(writer, "catalogue", catalogue)
    with artifacts.create(tmp_path / "shard.h5", "images") as writer:
        writer.dataset("flux", rng(0, "flux").normal(size=(3, 9, 9)))
        writer.dataset("sky_sigma", np.ones(3))
        writer.strings("id", ["a", "b", "c"])
    images.class_examples(tmp_path / "index.h5", [tmp_path / "shard.h5"], *files)
    assert files[0].stat().st_size > 1000
    populations.population_comparison({"dark": tmp_path / "index.h5"}, *files)
    assert files[0].stat().st_size > 1000


def test_blind_sheet_does_not_depend_on_labels(tmp_path):
    drawn = []
    with artifacts.create(tmp_path / "stack.h5", "stack") as writer:
        writer.dataset("image", rng(0, "stack").random((6, 8, 8), np.float32))
        writer.strings("id", [f"o{number}" for number in range(6)])
        writer.dataset("rotation", np.zeros(6, np.int8))
    for labels in ([0] * 6, [1, 0, -1, 1, 1, 0]):
        small = write_small_sample(tmp_path, labels, [0, 0, 1, 1, 1, 2], np.zeros((6, 2)), 3)
        png, pdf = tmp_path / "sheet.png", tmp_path / "sheet.pdf"
        sheets.cluster_sheet(*small, [tmp_path / "stack.h5"], png, pdf, labelled=False)
        drawn.append((png.read_bytes(), pdf.read_bytes()))
    assert drawn[0] == drawn[1]


def test_many_clusters_are_paged(tmp_path, files):
    numbers = list(range(10))
    small = write_small_sample(tmp_path, [1] * 10, numbers, np.zeros((10, 2)), n_clusters=10)
    with artifacts.create(tmp_path / "stack.h5", "stack") as writer:
        writer.dataset("image", np.full((10, 8, 8), 0.5, np.float32))
        writer.strings("id", [f"o{number}" for number in numbers])
        writer.dataset("rotation", np.zeros(10, np.int8))
    sheets.cluster_sheet(*small, [tmp_path / "stack.h5"], *files)
    assert b"/Count 2" in files[1].read_bytes()


def test_user_settings_do_not_reach_figures(paths, files, monkeypatch):
    import matplotlib

    FIGURES["null"](paths, *files)
    before = files[0].read_bytes()
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 30)
    monkeypatch.setitem(matplotlib.rcParams, "axes.grid", True)
    FIGURES["null"](paths, *files)
    assert files[0].read_bytes() == before


def test_lens_and_non_lens_keep_one_look():
    assert set(style.METHOD_COLOURS) == set(style.METHODS) == set(style.METHOD_NAMES)


def test_figures_import_no_network_library():
    import subprocess
    import sys

    code = (
        "import sys; sys.path.insert(0, 'scripts')\n"
        "import lensflow.report, lensflow.figures.sheets;"
        "import lensflow.figures.architecture, lensflow.figures.mixture_illustration;"
        "print([m for m in ('tensorflow', 'keras', 'matplotlib.pyplot') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
