import numpy as np
import pandas as pd
import pytest

from lensflow.simulate import layout, population, shards
from lensflow.simulate.rarities import RARITIES

RARE = population.load("rare")
Y, X = (np.mgrid[:101, :101] - 50) * 0.1
RADIUS = np.hypot(X, Y)


@pytest.fixture(scope="module")
def objects():
    return [shards.simulate_object(RARE, 4, i) for i in range(60)]


def of_kind(objects, kind):
    return [made for made in objects if made["rarity"] == kind]


def test_kinds_come_by_turns_so_that_any_run_holds_equal_parts(objects):
    assert set(RARE.rarities) == set(RARITIES)
    assert [made["rarity"] for made in objects] == list(RARE.rarities) * 15


def test_all_are_lenses_with_a_visible_source(objects):
    assert all(made["is_lens"] for made in objects)
    assert min(made["no_lens"].max() for made in objects) > 1


def test_einstein_radii_lie_where_the_population_says(objects):
    for kind, (low, high) in {"large_separation": (3, 5), "double_ring": (0.8, 2.0)}.items():
        radii = [made["einstein_radius_arcsec"] for made in of_kind(objects, kind)]
        assert low < min(radii)
        assert max(radii) < high
    assert np.ptp(radii) > 0.3


def test_light_of_large_separations_lies_far_out(objects):
    far = [
        np.average(RADIUS, weights=np.maximum(made["no_lens"], 0))
        for made in of_kind(objects, "large_separation")
    ]
    assert np.median(far) > 3


def test_a_group_has_galaxies_and_lenses_as_one(objects):
    for made in of_kind(objects, "group"):
        light = made["no_source"]
        centre = light[49:52, 49:52].max()
        away = np.where((RADIUS > 0.8) & (RADIUS < 2.8), light, 0).max()
        assert min(centre, away) > 5
        # two or three deflectors of 0.6 to 1 times 0.8 to 1.5 arcsec: more than the first alone,
        # and not more than all of their radii together
        assert 0.9 < made["einstein_radius_arcsec"] < 4.5


def test_a_double_ring_has_light_at_two_radii(objects):
    """The nearer source within its own Einstein radius' reach, the farther one farther out."""
    found = []
    for made in of_kind(objects, "double_ring"):
        scaled = RADIUS / made["einstein_radius_arcsec"]
        image = np.maximum(made["no_lens"], 0)
        found.append([image[scaled < 1.15].sum() > 20, image[scaled > 1.2].sum() > 20])
    assert np.mean(found, axis=0) == pytest.approx([1, 1], abs=0.2)


def test_catalogue_names_the_rarity(tmp_path):
    folder = tmp_path / "Data.0"
    shards.simulate_shard(folder, "rare", 100002, 3, 4)
    table = pd.read_csv(folder / layout.PART)
    assert tuple(table.columns) == (*layout.COLUMNS, "rarity")
    assert list(table["rarity"]) == ["large_separation", "group", "ordinary"]
