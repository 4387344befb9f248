from pathlib import Path

import numpy as np
import pytest
import yaml

from lensflow.cluster import judgements
from lensflow.cluster.judgements import JUDGEMENTS, counting, judged_by_rule
from lensflow.errors import ConfigError, LabelError

SCHEMA = Path(__file__).resolve().parents[3] / "workflow/schemas/config.schema.yaml"


def test_the_schema_knows_the_same_judgements():
    experiment = yaml.safe_load(SCHEMA.read_text())["$defs"]["experiment"]
    assert set(experiment["properties"]["labels"]["items"]["enum"]) == set(JUDGEMENTS)
    outside = {judgement.table_key for judgement in JUDGEMENTS.values()} - {""}
    assert outside <= set(experiment["properties"])


def test_a_judgement_is_made_by_a_rule_or_comes_from_outside():
    for name, judgement in JUDGEMENTS.items():
        assert judgement.name == name
        assert not (judgement.judge and judgement.table_key)
        assert judgement.gives_probabilities == (name != "nobody")
    assert len({judgement.rank for judgement in JUDGEMENTS.values()}) == len(JUDGEMENTS)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["known"], "known"),
        (["known", "stand_in"], "stand_in"),
        (["known", "person"], "person"),
        (["stand_in", "person"], "person"),
        (["known", "stand_in", "person"], "person"),
        (["known", "stand_in", "counted"], "counted"),
        (["counted", "person"], "person"),
        (["nobody", "injected"], "injected"),
        (["injected", "person"], "person"),
    ],
)
def test_a_persons_judgement_counts_most_and_true_labels_least(names, expected):
    assert counting(names).name == counting(reversed(names)).name == expected


@pytest.mark.parametrize("name", ["guess", "person"])
def test_only_known_judgements_are_made_by_a_rule(name):
    with pytest.raises(
        ConfigError, match=f"'{name}'; choose counted or injected or known or stand_in"
    ):
        judged_by_rule(name)
    assert judged_by_rule("known").judge is not None


def test_injected_shares_by_hand():
    """Of 4 injected lenses 3 are in cluster 0, of 8 other objects 2; cluster 2 is empty."""
    clusters = [0, 0, 0, 1, 0, 0, 1, 1, 1, 3, 3, 3]
    is_injected = [1] * 4 + [0] * 8
    shares = judgements.injected_shares(clusters, is_injected, 4)
    np.testing.assert_allclose(shares, [3 / 4, (1 / 4) / (1 / 4 + 3 / 8), 0.5, 0.0])


def test_more_injected_lenses_say_the_same():
    draw = np.random.default_rng(0)
    clusters, is_injected = draw.integers(5, size=400), np.arange(400) % 2
    once = judgements.injected_shares(clusters, is_injected, 5)
    again = np.concatenate([clusters, clusters[is_injected == 1]])
    twice = judgements.injected_shares(again, np.concatenate([is_injected, np.ones(200)]), 5)
    np.testing.assert_allclose(once, twice)


def test_injected_lenses_rank_clusters_as_true_fractions_do():
    """Where the survey's lenses are like those injected, p rises with the fraction of lenses."""
    draw = np.random.default_rng(1)
    is_lens = draw.random(60_000) < 0.05
    shares = {True: [0.1, 0.2, 0.3, 0.4], False: [0.4, 0.3, 0.2, 0.1]}
    clusters = np.where(is_lens, draw.choice(4, 60_000, p=shares[True]),
                        draw.choice(4, 60_000, p=shares[False]))  # fmt: skip
    injected = draw.choice(4, 5000, p=shares[True])
    together = np.concatenate([clusters, injected])
    found = judgements.injected_shares(together, np.repeat([0, 1], [60_000, 5000]), 4)
    known = judgements.known_fractions(clusters, is_lens, 4)
    assert np.argsort(found).tolist() == np.argsort(known).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("is_injected", [[0, 0], [1, 1]])
def test_without_injected_lenses_or_a_survey_nothing_is_told(is_injected):
    with pytest.raises(LabelError, match="injected lenses among 2 images"):
        judgements.injected_shares([0, 1], is_injected, 2)


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


def test_counts_say_how_many_of_the_sheet_are_lenses():
    is_lens = np.array([1, 0, 1, -1, 0, 0])
    sheets = [np.array([0, 1, 2, 3]), np.array([4, 5]), np.array([], dtype=int)]
    n_lenses, n_seen = judgements.count_lenses(is_lens, sheets)
    assert (n_lenses.tolist(), n_seen.tolist()) == ([2, 0, 0], [3, 2, 0])


def test_the_counting_stand_in_sees_what_the_other_one_sees():
    rng = np.random.default_rng(0)
    ids, is_lens = np.arange(300).astype(str), rng.integers(2, size=300)
    clusters = rng.integers(3, size=300)
    counted = JUDGEMENTS["counted"].judge(clusters, ids, is_lens, 4, 7)
    sheets = judgements.representatives(clusters, ids, 4, 7)
    assert counted.n_inspected.tolist() == [25, 25, 25, 0]
    assert counted.n_lenses.tolist() == [is_lens[rows].sum() for rows in sheets]
    assert np.isnan(counted.probability).all()
