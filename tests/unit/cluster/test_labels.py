import numpy as np
import pandas as pd
import pytest

from lensflow.cluster import judgements
from lensflow.cluster import labels as cluster_labels
from lensflow.errors import LabelError

HASH = "a" * 64


def write_rows(path, **columns):
    pd.DataFrame({"cluster": [0, 1, 2], "mixture_hash": HASH, **columns}).to_csv(path, index=False)


def test_known_fractions_by_hand():
    clusters, is_lens = [0, 0, 0, 1, 1, 3], [1, 1, 0, 0, -1, 1]
    fractions = judgements.known_fractions(clusters, is_lens, 4)
    # Cluster 2 is empty: the fraction of the sample, 3 of 5.
    np.testing.assert_allclose(fractions, [2 / 3, 0.0, 0.6, 1.0])


def test_known_fractions_take_weights():
    fractions = judgements.known_fractions([0, 0], [1, 0], 1, weight=[3, 1])
    np.testing.assert_allclose(fractions, [0.75])


def test_known_fractions_need_labels():
    with pytest.raises(LabelError, match="person's table"):
        judgements.known_fractions([0, 1], [-1, -1], 2)


def test_representatives_are_distinct_members():
    rng = np.random.default_rng(0)
    ids = np.repeat([f"{i:04d}" for i in range(300)], 4)
    clusters = rng.integers(3, size=ids.size)
    sheets = judgements.representatives(clusters, ids, 5, seed=1)
    assert [len(rows) for rows in sheets] == [25, 25, 25, 0, 0]
    for k, rows in enumerate(sheets):
        assert (clusters[rows] == k).all()
        assert len(set(ids[rows])) == len(rows)
    again = judgements.representatives(clusters, ids, 5, seed=1)
    other = judgements.representatives(clusters, ids, 5, seed=2)
    assert all((a == b).all() for a, b in zip(sheets, again, strict=True))
    assert any((a != b).any() for a, b in zip(sheets[:3], other[:3], strict=True))


def test_small_cluster_shows_all_its_objects():
    sheets = judgements.representatives([0, 0, 0], ["a", "b", "b"], 1, seed=0)
    assert len(sheets[0]) == 2


@pytest.mark.parametrize(
    ("n_lens", "verdict"), [(25, 1.0), (15, 1.0), (14, 0.5), (8, 0.5), (7, 0.0), (0, 0.0)]
)
def test_stand_in_thresholds(n_lens, verdict):
    is_lens = np.repeat([1, 0], [n_lens, 25 - n_lens])
    verdicts, n_seen = judgements.stand_in(is_lens, [np.arange(25)])
    assert verdicts.tolist() == [verdict]
    assert n_seen.tolist() == [25]


def test_stand_in_is_undecided_on_an_empty_sheet():
    verdicts, n_seen = judgements.stand_in(
        np.array([1, -1]), [np.array([0]), np.array([1]), np.array([], dtype=int)]
    )
    assert verdicts.tolist() == [1.0, 0.5, 0.5]
    assert n_seen.tolist() == [1, 0, 0]


def test_stand_in_needs_labels():
    with pytest.raises(LabelError, match="fill the template"):
        judgements.stand_in(np.array([-1]), [np.array([0])])


def test_round_trip_is_exact(tmp_path):
    path = tmp_path / "labels.csv"
    probability = np.array([0.0, 1 / 3, 1.0])
    cluster_labels.write(
        path, probability, HASH, n_members=[5, 6, 7], n_inspected=[1, 2, 3], who="me", note="a, b"
    )
    assert path.read_text().splitlines()[0] == ",".join(cluster_labels.COLUMNS)
    table = cluster_labels.read(path, HASH, 3)
    np.testing.assert_array_equal(table["probability"], probability)
    np.testing.assert_array_equal(table["non_lens_probability"], 1 - probability)
    assert table["note"].tolist() == ["a, b"] * 3
    assert table["when"].tolist() == [""] * 3


def test_template_must_be_filled(tmp_path):
    path = tmp_path / "template.csv"
    cluster_labels.write_template(path, [40, 3], HASH)
    assert pd.read_csv(path)["n_inspected"].tolist() == [25, 3]
    with pytest.raises(LabelError, match="fill in every row"):
        cluster_labels.read(path, HASH, 2)


def test_a_person_may_leave_columns_out_and_sort_rows(tmp_path):
    path = tmp_path / "person.csv"
    path.write_text(
        f"cluster,probability,non_lens_probability,mixture_hash\n1,1,,{HASH}\n0, 0.5,0.25,{HASH}\n"
    )
    table = cluster_labels.read(path, HASH, 2)
    assert table["cluster"].tolist() == [0, 1]
    assert table["probability"].tolist() == [0.5, 1.0]
    assert table["non_lens_probability"].tolist() == [0.25, 0.0]


def test_table_of_another_mixture_is_refused(tmp_path):
    path = tmp_path / "labels.csv"
    write_rows(path, probability=[0, 1, 0.5])
    with pytest.raises(LabelError, match=f"labels.csv: the table judges the mixture {HASH}") as e:
        cluster_labels.read(path, "b" * 64, 3)
    assert "b" * 64 in str(e.value)
    assert "another mixture" in str(e.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"probability": [0, 2, 0.5]}, r"must lie in \[0, 1\], received \[2.0\] .* \[1\]"),
        ({"probability": [0, 1, 1], "cluster": [0, 1, 1]}, r"missing \[2\].*repeated \[1\]"),
        ({"probability": [0, 1, 1], "cluster": [0, 1, 7]}, r"missing \[2\], unknown \[7\]"),
        ({"probability": [0, 1, 1], "colour": "red"}, r"unknown columns \['colour'\]"),
        ({"p": [0, 1, 1]}, r"missing columns \['probability'\]"),
        ({"probability": [0, "maybe", 1]}, "'maybe' of cluster 1 is not a number"),
        ({"probability": [0, 1, 1], "non_lens_probability": [0, 0, -1]}, "non_lens_probability"),
    ],
)
def test_wrong_tables_are_explained(tmp_path, columns, message):
    path = tmp_path / "labels.csv"
    write_rows(path, **columns)
    with pytest.raises(LabelError, match=message):
        cluster_labels.read(path, HASH, 3)


def test_missing_file_is_explained(tmp_path):
    with pytest.raises(LabelError, match="cannot be read"):
        cluster_labels.read(tmp_path / "none.csv", HASH, 3)
