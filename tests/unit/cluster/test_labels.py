import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lensflow.cluster import labels as cluster_labels
from lensflow.errors import LabelError

HASH = "a" * 64
COUNTED = {"probability": "", "n_inspected": 10, "n_lenses": [3, 2, 0]}


def write_rows(path, **columns):
    pd.DataFrame({"cluster": [0, 1, 2], "mixture_hash": HASH, **columns}).to_csv(path, index=False)


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
    assert pd.read_csv(path)["n_lenses"].isna().all()
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


def test_a_table_of_several_mixtures_says_of_each_its_own(tmp_path):
    path, other = tmp_path / "labels.csv", "b" * 64
    rows = [f"0,0,{HASH}", f"0,1,{other}", f"1,0.25,{HASH}", f"1,0.75,{other}", f"2,0.5,{other}"]
    path.write_text("\n".join(["cluster,probability,mixture_hash", *rows]))
    assert cluster_labels.read(path, HASH, 2)["probability"].tolist() == [0, 0.25]
    assert cluster_labels.read(path, other, 3)["probability"].tolist() == [1, 0.75, 0.5]
    with pytest.raises(LabelError, match=r"for each cluster 0 to 3 .*missing \[2, 3\]"):
        cluster_labels.read(path, HASH, 4)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"probability": [0, 2, 0.5]}, r"must lie in \[0, 1\], received \[2.0\] .* \[1\]"),
        ({"probability": [0, 1, 1], "cluster": [0, 1, 1]}, r"missing \[2\].*repeated \[1\]"),
        ({"probability": [0, 1, 1], "cluster": [0, 1, 7]}, r"missing \[2\], unknown \[7\]"),
        ({"probability": [0, 1, 1], "colour": "red"}, r"unknown columns \['colour'\]"),
        ({"p": [0, 1, 1]}, r"missing columns \['probability'\]"),
        ({"probability": [0, "maybe", 1]}, "'maybe' of cluster 1 is not a number"),
        ({"probability": ["0,5", "0,5", 1]}, r"'0,5' .*\(2 of 3 rows\).* with a decimal point"),
        ({"cluster|probability": [1, 2, 3]}, "parted by commas"),
        ({**COUNTED, "n_inspected": "inf"}, "n_inspected inf of cluster 0; whole numbers"),
        ({**COUNTED, "n_inspected": "1e300"}, "n_inspected 1e300 of cluster 0; whole numbers"),
        ({"probability": [0, 1, 1], "n_inspected": [5, -5, 5]}, "n_inspected -5 of cluster 1;"),
        ({"probability": [0, 1, 1], "n_inspected": ["", "all", 2]}, "n_inspected all of clu"),
        ({"probability": [0, 1, 1], "non_lens_probability": [0, 0, -1]}, "non_lens_probability"),
        ({**COUNTED, "n_lenses": [3, 11, 0]}, "n_lenses 11 among n_inspected 10 of cluster 1"),
        ({**COUNTED, "n_lenses": [3, -1, 0]}, "n_lenses -1 .*whole numbers are expected"),
        ({**COUNTED, "n_lenses": [3, 2.5, 0]}, "n_lenses 2.5 .*whole numbers are expected"),
        ({**COUNTED, "n_lenses": [3, "two", 0]}, "n_lenses 'two' of cluster 1 is not a number"),
        ({**COUNTED, "n_inspected": [10, "", 10]}, "n_inspected '' of cluster 1 is not a number"),
        ({**COUNTED, "n_lenses": ["", 2, 0]}, "probability '' of cluster 0 .*how many of n_insp"),
        ({**COUNTED, "non_lens_probability": ["", "", 1]}, "cluster 2 has n_lenses and a non_lens"),
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


def test_counts_give_the_mean_and_variance_of_their_posterior(tmp_path):
    path = tmp_path / "labels.csv"
    write_rows(path, **COUNTED)
    table = cluster_labels.read(path, HASH, 3, prior=(0.5, 1.5))
    posterior = stats.beta([3.5, 2.5, 0.5], [8.5, 9.5, 11.5])
    np.testing.assert_allclose(table["probability"], posterior.mean(), rtol=1e-14)
    np.testing.assert_allclose(table["variance"], posterior.var(), rtol=1e-12)
    np.testing.assert_allclose(table["non_lens_probability"], 1 - posterior.mean(), rtol=1e-14)


def test_a_given_probability_stays_as_it_is_beside_counts(tmp_path):
    path = tmp_path / "labels.csv"
    write_rows(path, probability=[0.5, "", 1], n_inspected=[4, 0, 4], n_lenses=[0, 0, ""])
    table = cluster_labels.read(path, HASH, 3)
    assert table["probability"].tolist() == [0.5, 0.5, 1.0]
    assert table["variance"].tolist() == [0.0, 0.125, 0.0]


def test_counts_are_read_again_as_they_were_written(tmp_path):
    path = tmp_path / "labels.csv"
    seen = {"n_members": [30, 40], "n_inspected": [25, 25], "n_lenses": [4, 0]}
    cluster_labels.write(path, [np.nan, np.nan], HASH, who="", **seen)
    table = cluster_labels.read(path, HASH, 2)
    assert table["n_lenses"].tolist() == ["4", "0"]
    np.testing.assert_allclose(table["probability"], [4.5 / 26, 0.5 / 26])
