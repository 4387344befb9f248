from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lensflow.errors import ConfigError
from lensflow.ingest.catalogue import read_catalogue
from lensflow.simulate import layout, population, shards
from lensflow.simulate.impostors import (
    IMPOSTORS,
    choose_impostor,
    draw_impostor,
    ring_rows,
    star_rows,
    tail_rows,
)
from lensflow.simulate.scene import Galaxy
from lensflow.studies.realism import image_statistics

HARD = population.load("hard")
CENTRAL = Galaxy(0.02, -0.03, 1000.0, 0.5, 0.5, 0.3, 0.8, 0.7, 0.4, 2.0)
Y, X = (np.mgrid[:101, :101] - 50) * 0.1
RADIUS = np.hypot(X, Y)


def drawn(kind, number=0, **changes):
    numbers = HARD.impostors[kind] | changes
    return draw_impostor(kind, np.random.default_rng(number), CENTRAL, numbers)


@pytest.fixture(scope="module")
def objects():
    return [shards.simulate_object(HARD, 2, i) for i in range(480)]


def test_population_has_the_numbers_of_every_kind():
    assert set(HARD.impostors) == set(IMPOSTORS)
    fractions = [numbers["fraction"] for numbers in HARD.impostors.values()]
    assert min(fractions) > 0
    assert sum(fractions) == pytest.approx(0.5)


def test_kinds_are_drawn_by_their_fractions():
    random, n = np.random.default_rng(1), 20_000
    counts = Counter(choose_impostor(random, HARD.impostors) for _ in range(n))
    for kind, numbers in HARD.impostors.items():
        p = numbers["fraction"]
        assert abs(counts[kind] - n * p) < 4 * np.sqrt(n * p * (1 - p)), kind
    assert counts[""] == n - sum(counts[kind] for kind in IMPOSTORS)


@pytest.mark.parametrize("kind", IMPOSTORS)
def test_every_kind_is_light_drawn_from_its_generator(kind):
    images = [drawn(kind, number) for number in range(12)]
    for image in images:
        assert image.shape == (101, 101)
        assert image.dtype == np.float32
        assert np.isfinite(image).all()
        assert image.min() > -1e-2
    assert np.median([image.max() for image in images]) > 0.5
    assert len({image.tobytes() for image in images}) == 12
    np.testing.assert_array_equal(images[3], drawn(kind, 3))


def test_unknown_kind_names_the_known_ones():
    with pytest.raises(ConfigError, match=r"'comet'.*ring_spiral"):
        draw_impostor("comet", np.random.default_rng(0), CENTRAL, {})


def test_a_ring_is_an_ellipse():
    rows = ring_rows(0.3, -0.1, 500.0, 2.0, 0.1, 0.4, 0.7)
    dx, dy = rows[:, 0] - 0.3, rows[:, 1] + 0.1
    u, v = np.cos(0.7) * dx + np.sin(0.7) * dy, np.cos(0.7) * dy - np.sin(0.7) * dx
    np.testing.assert_allclose((u / 2.0) ** 2 + (v / 0.8) ** 2, 1.0)
    assert rows[:, 2].sum() == pytest.approx(500)


def test_a_tail_winds_outwards_and_fades():
    rows = tail_rows(0.0, 0.0, 300.0, (0.5, 2.0), 0.2, -1.5)
    radius = np.hypot(rows[:, 0], rows[:, 1])
    angle = np.unwrap(np.arctan2(rows[:, 1], rows[:, 0]))
    assert (np.diff(radius) > 0).all()
    assert (np.diff(angle) < 0).all()
    assert (np.diff(rows[:, 2]) < 0).all()
    assert (radius[0], radius[-1]) == pytest.approx((0.5, 2.0), rel=0.1)
    # a logarithmic spiral: the angle is linear in the logarithm of the radius
    assert np.corrcoef(angle, np.log(radius))[0, 1] == pytest.approx(-1)
    assert rows[:, 2].sum() == pytest.approx(300)


def test_a_star_has_six_spikes():
    rows = star_rows(0.0, 0.0, 1e5, 0.3, HARD.impostors["star"])
    spikes = rows[rows[:, 4] < 0.1]
    lines = np.unique(spikes[:, 5])
    np.testing.assert_allclose(np.diff(lines), np.pi / 3)
    assert rows[0, 2] == 1e5
    assert spikes[:, 2].sum() == pytest.approx(3 * 0.012 * 1e5)


def test_edge_on_neighbours_lie_across_the_line_to_the_centre():
    for number in range(10):
        image = drawn("edge_on", number, second=0.0, tilt_rad=0.0, distance_arcsec=[2.0, 2.0])
        total = image.sum(dtype="f8")
        x, y = (image * X).sum() / total, (image * Y).sum() / total
        assert np.hypot(x, y) == pytest.approx(2.0, abs=0.05)
        along = ((X - x) * y - (Y - y) * x) / np.hypot(x, y)
        across = ((X - x) * x + (Y - y) * y) / np.hypot(x, y)
        assert (image * along**2).sum() > 3 * (image * across**2).sum()


def test_a_face_on_spiral_has_its_ring_and_its_flux():
    numbers = {"flux_share": [2.0, 2.0], "radius_arcsec": [1.5, 1.5], "ring_share": [0.9, 0.9]}
    image = drawn("ring_spiral", 5, **numbers, axis_ratio=[1.0, 1.0])
    assert image.sum() == pytest.approx(2000, rel=0.03)
    profile = [image[np.abs(RADIUS - radius) < 0.1].mean() for radius in (0.8, 1.5, 2.2)]
    assert profile[1] > 3 * max(profile[0], profile[2])


def test_a_polar_ring_stands_across_the_galaxy():
    image = drawn("polar_ring", 1, tilt_rad=0.0, axis_ratio=[0.2, 0.2], radius_arcsec=[2.0, 2.0])
    along = np.cos(CENTRAL.angle) * X + np.sin(CENTRAL.angle) * Y
    across = np.cos(CENTRAL.angle) * Y - np.sin(CENTRAL.angle) * X
    assert (image * across**2).sum() > 5 * (image * along**2).sum()


def test_blends_touch_the_central_galaxy():
    for number in range(10):
        image = drawn("blend", number)
        assert (image * (RADIUS < 1.6)).sum() > 0.7 * image.sum()


def test_a_group_lies_at_like_distances():
    image = drawn("compact_group", 2, distance_arcsec=[2.0, 2.0], spread=0.05)
    assert (image * (np.abs(RADIUS - 2.0) < 0.6)).sum() > 0.8 * image.sum()


def test_hard_objects_are_challenge_objects_with_impostors(objects):
    described = population.load("challenge")
    for number, hard in enumerate(objects[:60]):
        challenge = shards.simulate_object(described, 2, number)
        assert hard["is_lens"] == challenge["is_lens"]
        np.testing.assert_array_equal(hard["no_lens"], challenge["no_lens"])
        added = hard["no_source"] - challenge["no_source"]
        assert added.any() == bool(hard["impostor"])
        np.testing.assert_allclose(hard["public"] - challenge["public"], added, atol=0.05)


def test_impostors_come_alike_in_both_classes(objects):
    lens = np.array([made["is_lens"] for made in objects])
    impostor = np.array([bool(made["impostor"]) for made in objects])
    spread = np.sqrt(0.25 / lens.sum() + 0.25 / (~lens).sum())
    assert impostor.mean() == pytest.approx(0.5, abs=0.08)
    assert abs(impostor[lens].mean() - impostor[~lens].mean()) < 3 * spread


def held_out_auc(made):
    """AUC on the second half of a classifier of the images without source, fitted on the first.

    Beside it the standard error that it has where nothing tells the classes apart (Mann-Whitney).
    """
    statistics = image_statistics(np.stack([one["no_source"] for one in made]))
    x, y = np.stack(list(statistics.values()), axis=1), np.array([one["is_lens"] for one in made])
    half = len(made) // 2
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced"))
    score = model.fit(x[:half], y[:half]).predict_proba(x[half:])[:, 1]
    n_lens, n_other = y[half:].sum(), (~y[half:]).sum()
    error = np.sqrt((n_lens + n_other + 1) / (12 * n_lens * n_other))
    return roc_auc_score(y[half:], score), error


def test_nothing_but_lensing_tells_the_class(objects):
    auc, error = held_out_auc(objects)
    assert abs(auc - 0.5) < 3 * error


def test_impostors_among_the_non_lenses_alone_would_tell_the_class(objects):
    auc, error = held_out_auc(
        [one for one in objects if bool(one["impostor"]) != one["is_lens"]],
    )
    assert auc > 0.5 + 3 * error


def test_catalogue_names_the_impostor_after_the_columns_of_the_challenge(tmp_path):
    folder, out = tmp_path / "Data.0", tmp_path / "classifications.csv"
    shards.simulate_shard(folder, "hard", 100000, 12, 2)
    layout.merge_catalogues([folder / layout.PART], out)
    known = [shards.simulate_object(HARD, 2, 100000 + i)["impostor"] for i in range(12)]
    assert 0 < sum(map(bool, known)) < 12
    table = pd.read_csv(out, keep_default_na=False)
    assert tuple(table.columns) == (*layout.COLUMNS, "impostor")
    assert list(table["impostor"]) == known
    ingested = read_catalogue(out)
    assert [kind or "" for kind in ingested["impostor"].fillna("")] == known
