"""The table of rankers, and the stage that scores samples by it."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import ConvergenceWarning

from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.errors import ArtifactError
from lensflow.evaluate.beside import score_rankers_stage
from lensflow.evaluate.columns import DENSITY, RANKER_COLUMNS
from lensflow.evaluate.metrics import auroc
from lensflow.evaluate.rankers import RANKERS, ranks_added, shown_labels, title_of
from lensflow.prepare.augmentation import views
from lensflow.samples.embeddings import open_embeddings
from lensflow.samples.stacks import write_stack
from unit.evaluate.conftest import make_run

SIZE = 6
MIXTURE = {"engine": "lensflow", "n_components": 3, "max_iter": 200, "tol": 1e-3, "n_init": 1}
OWN = [name for name, ranker in RANKERS.items() if ranker.score]


def test_no_ranker_is_called_as_a_judgement():
    assert not set(RANKERS) & set(JUDGEMENTS)
    assert all(RANKERS[name].name == name for name in RANKERS)
    assert {ranker.judgement for ranker in RANKERS.values()} <= {"", *JUDGEMENTS}


def test_the_judgement_that_counts_is_shown_or_who_ranks_in_its_place():
    everything = [*RANKERS, "known", "stand_in"]
    assert shown_labels("known", everything) == "known"
    assert shown_labels("density_arcs", everything) == "density_arcs"
    assert shown_labels("density_arcs", ["arcs", DENSITY, "known"]) == DENSITY
    assert title_of("nobody") == JUDGEMENTS["nobody"].title
    assert title_of("arcs") == RANKERS["arcs"].title


def test_ranks_are_added_whatever_the_units():
    first, second = np.random.default_rng(0).lognormal(size=(2, 4000))
    expected = (rankdata(first) + rankdata(second) - 1) / 4000
    assert ranks_added(first, -1 / second) == pytest.approx(expected, abs=3e-3)
    assert ranks_added(1024 * first, second) == pytest.approx(expected, abs=3e-3)


# --- the stage ----------------------------------------------------------------------------------


def write_images(folder, embeddings_path, seed, view=0):
    """The images of a sample, one view of each: a lens has a bright corner."""
    with open_embeddings(embeddings_path) as embeddings:
        rows = embeddings.rows()
    images = 0.1 * np.random.default_rng(seed).random((len(rows), SIZE, SIZE))
    images[rows["is_lens"] == 1, :2, :2] += 0.5
    images = list(views(images.astype(np.float32)))[view]
    path = folder / f"{embeddings_path.stem}_stack.h5"
    write_stack(path, rows, [images], SIZE, "log", "made by a test")
    arcs = folder / f"{embeddings_path.stem}_arcs.csv"
    rows[["id"]].assign(arcs=np.arange(len(rows))).to_csv(arcs, index=False)
    return path, arcs


def score(folders, out, names=OWN, sample="test", view=0):
    train, _ = write_images(out, folders[0] / "embeddings_train.h5", 0)
    stack, arcs = write_images(out, folders[0] / f"embeddings_{sample}.h5", 1, view)
    files = {
        "train_embeddings": [folder / "embeddings_train.h5" for folder in folders],
        "train_stacks": [train],
        f"scores_{sample}": [folder / f"scores_{sample}.csv" for folder in folders],
        f"embeddings_{sample}": [folder / f"embeddings_{sample}.h5" for folder in folders],
        f"arcs_{sample}": [arcs],
        f"stacks_{sample}": [stack],
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        path = out / "rankers.csv"
        score_rankers_stage({sample: names}, files, path, "log", SIZE, MIXTURE, seed=1)
    table = pd.read_csv(path, dtype={"id": str})
    assert list(table) == RANKER_COLUMNS
    return table


def features(folder, sample):
    with open_embeddings(folder / f"embeddings_{sample}.h5") as embeddings:
        return embeddings.features[:]


@pytest.fixture(scope="module")
def scored(folders, tmp_path_factory):
    return score(folders, tmp_path_factory.mktemp("rankers"))


def by(table, name):
    return table[table["labels"] == name]["score"].to_numpy()


def test_every_ranker_scores_the_first_image_of_every_object(scored, folders):
    with open_embeddings(folders[0] / "embeddings_test.h5") as embeddings:
        ids = embeddings.rows()["id"].drop_duplicates().tolist()
    assert scored["labels"].unique().tolist() == OWN
    for _, rows in scored.groupby("labels"):
        assert rows["id"].tolist() == ids


def test_arcs_and_their_sum_with_density(scored, folders):
    assert by(scored, "arcs").tolist() == list(range(0, 240, 2))
    tables = [pd.read_csv(folder / "scores_test.csv") for folder in folders]
    density = np.mean([one["log_density"] for one in tables], axis=0)[::2]
    expected = ranks_added(-density, np.arange(0, 240, 2))
    assert by(scored, "density_arcs") == pytest.approx(expected)


def test_the_forest_is_that_of_scikit_learn_mean_over_the_runs(scored, folders):
    expected = [
        -IsolationForest(random_state=1)
        .fit(features(folder, "train"))
        .score_samples(features(folder, "test")[::2])
        for folder in folders
    ]
    assert by(scored, "isolation_forest") == pytest.approx(np.mean(expected, axis=0))


def test_components_find_what_every_view_shows(scored, folders):
    with open_embeddings(folders[0] / "embeddings_test.h5") as embeddings:
        is_lens = embeddings.rows()["is_lens"].to_numpy()[::2]
    for judgement in ("known", "stand_in"):
        p_lens = by(scored, f"pca_views_{judgement}")
        assert (p_lens >= 0).all()
        assert (p_lens <= 1).all()
        assert auroc(is_lens, p_lens) > 0.6  # one view of eight has the corner where it was learnt


@pytest.mark.parametrize("view", [3, 5])
def test_components_do_not_mind_how_an_image_is_turned(scored, folders, tmp_path, view):
    turned = score(folders, tmp_path, ["pca_views_known"], view=view)
    expected = by(scored, "pca_views_known")
    assert by(turned, "pca_views_known") == pytest.approx(expected, abs=1e-6)


def test_arcs_of_other_objects_are_refused(folders, tmp_path):
    files = {
        "scores_test": [folders[0] / "scores_test.csv"],
        "embeddings_test": [folders[0] / "embeddings_test.h5"],
        "arcs_test": [tmp_path / "arcs.csv"],
    }
    pd.DataFrame({"id": ["1"], "arcs": [0.0]}).to_csv(tmp_path / "arcs.csv", index=False)
    out = tmp_path / "rankers.csv"
    with pytest.raises(ArtifactError, match="hold different rows"):
        score_rankers_stage({"test": ["arcs"]}, files, out, "log", SIZE, MIXTURE, seed=1)


def test_a_sample_without_a_known_class_has_no_rows(tmp_path):
    folder = make_run(tmp_path, 0, samples=("train",), known=False)
    table = score([folder], tmp_path, ["isolation_forest"], sample="train")
    assert len(table) == 0
