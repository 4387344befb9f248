import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.exceptions import ConvergenceWarning

from lensflow.cluster import clusterers
from lensflow.cluster import labels as cluster_labels
from lensflow.cluster.combination import logit
from lensflow.cluster.labelling import label_clusters_stage
from lensflow.cluster.scoring import score_stage
from lensflow.cluster.spread import spread_mixture_stage
from lensflow.errors import ArtifactError, LabelError
from lensflow.samples.embeddings import read_embeddings
from lensflow.samples.scores import read_scores
from unit.cluster.conftest import JUDGED, N, write_classes


def score(folder, name="scores.csv", shard="shard_1.h5"):
    labels = {judgement: folder / f"{judgement}.csv" for judgement in JUDGED}
    score_stage(folder / "mixture.h5", folder / shard, labels, folder / name)
    return read_scores(folder / name)


def test_separate_classes_are_told_apart(folder):
    scores = score(folder)
    assert scores["id"].tolist() == [f"{i:03d}" for i in range(25, N)]
    for judgement in JUDGED:
        np.testing.assert_allclose(scores[f"p_lens_{judgement}"], scores["is_lens"], atol=1e-3)
    assert (scores["weight"] == 1).all()


def test_chunks_write_the_same_table(folder, monkeypatch):
    whole = score(folder)
    monkeypatch.setattr("lensflow.cluster.mixture.parameters.ROWS_PER_CHUNK", 8)
    pd.testing.assert_frame_equal(score(folder, "chunked.csv"), whole, rtol=1e-12)


def test_same_bytes_again(folder):
    score(folder, "a.csv")
    score(folder, "b.csv")
    assert (folder / "a.csv").read_bytes() == (folder / "b.csv").read_bytes()


def test_sample_without_rows_has_a_header(folder):
    write_classes(folder / "empty.h5", slice(0, 0))
    scores = score(folder, shard="empty.h5")
    assert len(scores) == 0
    assert "p_lens_known" in scores


def test_labels_of_another_mixture_are_refused(folder):
    text = (folder / "known.csv").read_text()
    current = clusterers.load(folder / "mixture.h5").hash
    (folder / "known.csv").write_text(text.replace(current, "f" * 64))
    with pytest.raises(LabelError, match="another mixture"):
        score(folder)


def test_an_interval_stands_where_lenses_were_counted_and_nowhere_else(folder):
    shards = [folder / "shard_0.h5", folder / "shard_1.h5"]
    label_clusters_stage(folder / "mixture.h5", shards, folder / "counted.csv", "counted", 0)
    labels = {name: folder / f"{name}.csv" for name in ("known", "counted")}
    score_stage(folder / "mixture.h5", shards[0], labels, folder / "s.csv", prior=(0.5, 0.5))
    scores = read_scores(folder / "s.csv")
    assert list(scores)[4:] == [
        *("cluster", "p_lens_known", "log_odds_known"),
        *("p_lens_counted", "p_low_counted", "p_high_counted", "log_odds_counted", "log_density"),
    ]
    # These lie in the cluster of lenses, of which 25 of 25 were seen.
    posterior = stats.beta(25.5, 0.5)
    np.testing.assert_allclose(scores["p_lens_counted"], posterior.mean(), atol=1e-3)
    np.testing.assert_allclose(scores["p_low_counted"], posterior.ppf(0.32), atol=1e-3)
    np.testing.assert_allclose(scores["p_high_counted"], 1.0, atol=1e-3)


def spread(folder, n):
    """Fit further mixtures to the training sample; return their paths with their shares."""
    shards = [folder / "shard_0.h5", folder / "shard_1.h5"]
    paths = [(folder / f"further_{i}.h5", folder / f"shares_{i}.h5") for i in range(n)]
    for number, (mixture, shares) in enumerate(paths):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            settings = {"n_components": 4, "seed": 10 + number}
            judged = folder / "mixture.h5"
            spread_mixture_stage(shards, judged, mixture, shares, "scikit-learn", **settings)
    return paths


def test_a_judgement_is_spread_over_further_mixtures_as_by_hand(folder):
    further = spread(folder, 2)
    labels = {"known": folder / "known.csv"}
    table = cluster_labels.read(labels["known"], clusterers.load(folder / "mixture.h5").hash, 2)
    score_stage(
        folder / "mixture.h5", folder / "shard_1.h5", labels, folder / "s.csv", (1, 1), further
    )
    found = read_scores(folder / "s.csv")
    plain = score(folder)
    np.testing.assert_array_equal(found["p_clusters_known"], plain["p_lens_known"])
    np.testing.assert_array_equal(found["cluster"], plain["cluster"])
    train, _ = read_embeddings([folder / "shard_0.h5", folder / "shard_1.h5"])
    judged_train = clusterers.load(folder / "mixture.h5").responsibilities(train)
    p_train = judged_train @ table["probability"]
    logits = [logit(plain["p_lens_known"])]
    for path, _ in further:
        r = clusterers.load(path).responsibilities(train)
        # Each further cluster gets the mean judged probability of its members.
        means = r.T @ p_train / r.sum(axis=0)
        logits.append(logit(r[25:] @ means))
    expected = 1 / (1 + np.exp(-np.mean(logits, axis=0)))
    np.testing.assert_allclose(found["p_lens_known"], expected, rtol=1e-9)


def test_shares_of_another_mixture_are_refused(folder):
    (first, second) = spread(folder, 2)
    labels = {"known": folder / "known.csv"}
    with pytest.raises(ArtifactError, match=r"shares_1.h5: it spreads the mixture"):
        score_stage(
            folder / "mixture.h5",
            folder / "shard_1.h5",
            labels,
            folder / "s.csv",
            further_paths=[(first[0], second[1])],
        )
