import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

from lensflow import artifacts
from lensflow.cluster import labels as cluster_labels
from lensflow.cluster import scoring
from lensflow.cluster.mixture.parameters import MixtureParameters
from lensflow.errors import ConfigError, LabelError

N = 60


def write_embeddings(path, rows=slice(None), known=True):
    x = np.random.default_rng(0).normal(size=(N, 2)).astype(np.float32)
    x[: N // 2] += 6.0
    is_lens = np.repeat([1, 0], N // 2) if known else np.full(N, -1)
    with artifacts.create(path, "embeddings") as f:
        f.dataset("embedding", x[rows])
        f.strings("id", [f"{i:03d}" for i in range(N)][rows])
        f.dataset("rotation", np.zeros(N, np.int8)[rows])
        f.dataset("is_lens", is_lens.astype(np.int8)[rows])


@pytest.fixture
def folder(tmp_path):
    """Two shards of embeddings, the mixture fitted to them, and labels by both methods."""
    shards = [tmp_path / "shard_0.h5", tmp_path / "shard_1.h5"]
    write_embeddings(shards[0], slice(0, 25))
    write_embeddings(shards[1], slice(25, N))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        scoring.fit_mixture_stage(
            shards, tmp_path / "mixture.h5", tmp_path / "template.csv", n_components=2, seed=0
        )
    for method in ("known", "stand_in"):
        scoring.label_clusters_stage(
            tmp_path / "mixture.h5", shards, tmp_path / f"{method}.csv", method, seed=0
        )
    return tmp_path


def score(folder, name="scores.csv", methods=("known", "stand_in"), shard="shard_1.h5"):
    labels = {method: folder / f"{method}.csv" for method in methods}
    scoring.score_stage(folder / "mixture.h5", folder / shard, labels, folder / name)
    return pd.read_csv(folder / name, dtype={"id": str})


def test_separate_classes_are_told_apart(folder):
    scores = score(folder)
    assert scores["id"].tolist() == [f"{i:03d}" for i in range(25, N)]
    for method in ("known", "stand_in"):
        np.testing.assert_allclose(scores[f"p_lens_{method}"], scores["is_lens"], atol=1e-3)
    assert (scores["weight"] == 1).all()


def test_shards_are_fitted_as_one_sample(folder):
    write_embeddings(folder / "whole.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        whole = scoring.fit_mixture_stage(
            [folder / "whole.h5"], folder / "w.h5", folder / "t.csv", n_components=2, seed=0
        )
    assert whole.hash == MixtureParameters.load(folder / "mixture.h5").hash


def test_tables_count_members_and_say_who(folder):
    mixture = MixtureParameters.load(folder / "mixture.h5")
    for method, n_seen in (("known", 30), ("stand_in", 25)):
        table = cluster_labels.read(folder / f"{method}.csv", mixture.hash, 2)
        assert set(table["who"]) == {f"lensflow {method}"}
        assert table["n_members"].tolist() == ["30", "30"]
        assert table["n_inspected"].tolist() == [str(n_seen)] * 2
    template = pd.read_csv(folder / "template.csv")
    assert template["probability"].isna().all()
    assert template["n_members"].tolist() == [30, 30]


def test_chunks_write_the_same_table(folder, monkeypatch):
    whole = score(folder)
    monkeypatch.setattr("lensflow.cluster.mixture.parameters.ROWS_PER_CHUNK", 8)
    pd.testing.assert_frame_equal(score(folder, "chunked.csv"), whole, rtol=1e-12)


def test_same_bytes_again(folder):
    score(folder, "a.csv")
    score(folder, "b.csv")
    assert (folder / "a.csv").read_bytes() == (folder / "b.csv").read_bytes()


def test_sample_without_rows_has_a_header(folder):
    write_embeddings(folder / "empty.h5", slice(0, 0))
    scores = score(folder, shard="empty.h5")
    assert len(scores) == 0
    assert "p_lens_known" in scores


def test_labels_of_another_mixture_are_refused(folder):
    text = (folder / "known.csv").read_text()
    current = MixtureParameters.load(folder / "mixture.h5").hash
    (folder / "known.csv").write_text(text.replace(current, "f" * 64))
    with pytest.raises(LabelError, match="another mixture"):
        score(folder)


def test_unknown_classes_cannot_be_judged_by_labels(folder):
    write_embeddings(folder / "unknown.h5", known=False)
    for method in ("known", "stand_in"):
        with pytest.raises(LabelError):
            scoring.label_clusters_stage(
                folder / "mixture.h5", [folder / "unknown.h5"], folder / "x.csv", method, seed=0
            )


def test_unknown_method_is_refused(folder):
    with pytest.raises(ConfigError, match="choose known or stand_in"):
        scoring.label_clusters_stage(
            folder / "mixture.h5", [folder / "shard_0.h5"], folder / "x.csv", "guess", seed=0
        )
