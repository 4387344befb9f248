import json
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import yaml
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from threadpoolctl import threadpool_limits

from lensflow.errors import CatalogueError, ConfigError
from lensflow.simulate import layout, population, shards
from lensflow.simulate.constants import SKY_SIGMA_MAGGIES
from lensflow.simulate.layout import COLUMNS
from lensflow.simulate.lensing import Mass
from lensflow.simulate.matching import matched_image
from lensflow.studies.realism import central_statistics, classifier_test, image_statistics

KINDS = ("Public/Band1", "Private/Band1/NoSourceImage", "Private/Band1/NoLensImage")
ROOT = Path(__file__).resolve().parents[3]
CHALLENGE = ROOT.parent / "shared/data/challenge1/SpaceBasedTraining"
needs_challenge = pytest.mark.skipif(
    not CHALLENGE.is_dir(), reason=f"the real cutouts are not there: {CHALLENGE}"
)


@pytest.fixture(scope="module")
def shard(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "Data.0"
    shards.simulate_shard(folder, "training", shards.FIRST_ID, 40, 11)
    return folder


@pytest.fixture(scope="module")
def objects(training_objects):
    return training_objects


def files_of(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.fits")}


def test_every_object_has_three_images_and_a_row(shard):
    table = pd.read_csv(shard / "catalogue_part.csv")
    assert list(table["ID"]) == list(range(100000, 100040))
    for kind in KINDS:
        names = {p.name for p in (shard / kind).iterdir()}
        assert names == {f"imageEUC_VIS-{i}.fits" for i in table["ID"]}


def test_cutouts_are_read_by_astropy_without_warnings(shard):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in KINDS:
            path = shard / kind / "imageEUC_VIS-100003.fits"
            with fits.open(path) as found:
                found.verify("exception")
                assert found[0].data.shape == (101, 101)
                assert found[0].header["BITPIX"] == -32
            assert path.stat().st_size == 46080


@needs_challenge
@pytest.mark.real_data
def test_header_is_that_of_the_challenge(shard):
    ours = fits.getheader(shard / KINDS[0] / "imageEUC_VIS-100000.fits")
    real = fits.getheader(next((CHALLENGE / KINDS[0]).glob("*.fits")))
    assert list(ours) == list(real)
    assert [str(line) for line in ours["COMMENT"]] == [str(line) for line in real["COMMENT"]]
    for key in set(real) - {"RA", "DEC", "COMMENT"}:
        expected = real[key]
        assert ours[key] == (
            pytest.approx(expected, rel=1e-6) if isinstance(expected, float) else expected
        ), key


def test_same_bytes_whatever_the_shards_their_order_and_the_threads(shard, tmp_path):
    for name, first, count, threads in (("b", 100017, 23, 1), ("a", 100000, 17, 2)):
        with threadpool_limits(threads):
            shards.simulate_shard(tmp_path / name, "training", first, count, 11)
    assert files_of(tmp_path / "a") | files_of(tmp_path / "b") == files_of(shard)
    whole, split = tmp_path / "whole.csv", tmp_path / "split.csv"
    layout.merge_catalogues([shard / "catalogue_part.csv"], whole)
    layout.merge_catalogues([tmp_path / n / "catalogue_part.csv" for n in "ba"], split)
    assert whole.read_bytes() == split.read_bytes()


def test_seed_population_and_identifier_all_matter():
    def image(name, seed, identifier):
        made = shards.simulate_object(population.load(name), seed, identifier)
        return made["public"].tobytes()

    images = [image("training", 1, 7), image("training", 2, 7), image("training", 1, 8)]
    assert len({*images, image("challenge", 1, 7)}) == 4


# Sums of public and of lensed-source pixels of objects made by version 5aab34c, seed 1: whoever
# changes a draw of an old population makes other data under an old name.
PINNED = {
    ("training", 3): (1044.6433879854012, 0.0),
    ("training", 4): (1921.9064869692997, 406.24246353927913),
    ("training", 800003): (1178.4254782441421, 0.0),
    ("challenge", 3): (610.6428547883024, 0.0),
    ("challenge", 4): (1491.1575372945517, 0.0),
    ("challenge", 800002): (940.8257946888625, 139.33059441917422),
}


@pytest.mark.parametrize(("name", "identifier"), PINNED)
def test_an_old_population_keeps_its_objects(name, identifier):
    made = shards.simulate_object(population.load(name), 1, identifier)
    sums = [float(made[image].sum(dtype="f8")) for image in ("public", "no_lens")]
    assert sums == pytest.approx(PINNED[name, identifier], rel=1e-6)


def test_catalogue_follows_from_the_files(shard):
    table = pd.read_csv(shard / "catalogue_part.csv")
    assert tuple(table.columns) == COLUMNS
    for row in table.itertuples():
        path = shard / KINDS[2] / f"imageEUC_VIS-{row.ID}.fits"
        image = fits.getdata(path).astype("f8") / SKY_SIGMA_MAGGIES
        bright = image[image > 1]
        assert row.numb_pix_lensed_image == len(bright)
        assert row.flux_lensed_image_in_sigma == pytest.approx(bright.sum(), rel=1e-5)
        assert image.any() == bool(row.is_lens)
        assert row.Einstein_area > 5e-13


def test_public_image_is_the_sum_of_the_other_two(shard):
    for identifier in range(100000, 100010):
        public, no_source, no_lens = (
            fits.getdata(shard / kind / f"imageEUC_VIS-{identifier}.fits").astype("f8")
            for kind in KINDS
        )
        np.testing.assert_allclose(public, no_source + no_lens, atol=1e-4 * SKY_SIGMA_MAGGIES)


def test_sky_noise_has_the_stated_level_and_is_white(objects):
    images = np.stack([made["no_source"] for made in objects])
    sky = images[:, [0, 1, 2, -3, -2, -1], :].astype("f8")
    spread = 1.4826 * np.median(np.abs(sky - np.median(sky)))
    assert spread == pytest.approx(1.0, abs=0.03)
    clipped = np.where(np.abs(sky) < 3, sky, 0)
    assert abs((clipped[..., 1:] * clipped[..., :-1]).mean()) < 0.06


def test_images_are_finite_and_lensed_light_is_nowhere_negative(objects):
    for made in objects:
        assert np.isfinite(made["public"]).all()
        assert made["no_lens"].min() >= -1e-3


@pytest.mark.parametrize("theta_e", [0.16, 1.0, 3.0, 5.04])
def test_a_source_is_never_placed_out_of_sight(theta_e):
    random = np.random.default_rng(3)
    for axis_ratio in (0.6, 0.8, 1.0) * 5:
        mass = Mass(theta_e, axis_ratio, random.uniform(0, np.pi), (0.05, 0.0))
        image = matched_image(random, mass, 60.0, 300.0).image
        assert image[image > 1].sum() == pytest.approx(300.0, abs=1.1)


def test_lens_fraction_and_invisible_lenses(objects):
    lenses = [made for made in objects if made["is_lens"]]
    assert len(lenses) / len(objects) == pytest.approx(0.6984, abs=0.07)
    invisible = np.mean([made["no_lens"].max() < 1 for made in lenses])
    assert 0 < invisible < 0.08
    assert not any(made["no_lens"].any() for made in objects if not made["is_lens"])


def test_lenses_and_non_lenses_share_their_light(objects):
    first = [made["no_source"] for made in objects if made["is_lens"]]
    second = [made["no_source"] for made in objects if not made["is_lens"]]
    lens_light, other_light = central_statistics(first), central_statistics(second)
    for name in ("log_peak", "log_flux_5", "log_ratio_3_8"):
        assert ks_2samp(lens_light[name], other_light[name]).pvalue > 1e-3, name


def lensed_statistics(pixels, flux, radius):
    seen = pixels > 0
    pixels, flux, radius = pixels[seen], flux[seen], radius[seen]
    snr = flux / np.sqrt(pixels)
    passing = np.mean((pixels > 100) & (snr > 50)) * seen.mean()
    return {"pixels": np.log(pixels), "snr": np.log(snr), "radius": np.log(radius)}, passing


@needs_challenge
@pytest.mark.real_data
def test_lensed_images_are_distributed_as_in_the_challenge(objects):
    table = pd.read_csv(CHALLENGE / "classifications.csv").query("is_lens == 1")
    real, real_passing = lensed_statistics(
        table["numb_pix_lensed_image"].to_numpy(),
        table["flux_lensed_image_in_sigma"].to_numpy(),
        np.sqrt(table["Einstein_area"].to_numpy() / np.pi) * 206264.806,
    )
    lenses = [made for made in objects if made["is_lens"]]
    bright = [made["no_lens"][made["no_lens"] > 1].astype("f8") for made in lenses]
    ours, passing = lensed_statistics(
        np.array([len(part) for part in bright]),
        np.array([part.sum() for part in bright]),
        np.array([made["einstein_radius_arcsec"] for made in lenses]),
    )
    for name in real:
        assert ks_2samp(real[name], ours[name]).statistic < 0.10, name
    assert passing == pytest.approx(real_passing, abs=0.08)


def test_challenge_population_has_fewer_and_fainter_lenses():
    training, challenge = population.load("training"), population.load("challenge")
    assert challenge.lens_fraction == 0.4
    assert training.lens_fraction == 0.6984
    assert (challenge.flux < training.flux + 1e-9).all()


def test_unknown_population_names_the_known_ones():
    with pytest.raises(ConfigError, match=r"'galaxies'.*challenge, hard, rare, training"):
        population.load("galaxies")


def test_configuration_knows_every_population():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    known = schema["$defs"]["dataset_simulate"]["properties"]["population"]["enum"]
    assert sorted(known) == population.names()


@pytest.mark.parametrize("name", population.names())
def test_drawn_targets_lie_within_the_fitted_quantiles(name):
    described, random = population.load(name), np.random.default_rng(0)
    for _ in range(300):
        rank, radius = described.draw_einstein_radius(random)
        pixels, flux = described.draw_lensed_image(random, rank)
        assert 0.15 < radius < 5.1
        assert 1 <= pixels < flux


@given(st.integers(1, 500), st.integers(1, 20), st.integers(0, 10**6))
def test_shards_divide_the_objects(n_objects, n_shards, first_id):
    parts = [shards.shard_objects(n_objects, n_shards, i, first_id) for i in range(n_shards)]
    together = [identifier for part in parts for identifier in part]
    assert together == list(range(first_id, first_id + n_objects))


def test_catalogue_header_is_quoted_as_in_the_challenge(shard, tmp_path):
    out = tmp_path / "classifications.csv"
    assert layout.merge_catalogues([shard / "catalogue_part.csv"], out) == 40
    assert out.read_text().startswith(
        '"ID","is_lens","Einstein_area","numb_pix_lensed_image","flux_lensed_image_in_sigma"\n100000,'
    )


def test_an_object_in_two_parts_is_an_error(shard, tmp_path):
    part = shard / "catalogue_part.csv"
    with pytest.raises(CatalogueError, match="100000"):
        layout.merge_catalogues([part, part], tmp_path / "out.csv")


def test_a_foreign_part_is_an_error(tmp_path):
    part = tmp_path / "part.csv"
    part.write_text("ID,label\n1,2\n")
    with pytest.raises(CatalogueError, match="label"):
        layout.merge_catalogues([part], tmp_path / "out.csv")


def test_realism_test_sees_a_difference_and_no_difference(objects):
    images = np.stack([made["public"] for made in objects[:160]])
    first, second = image_statistics(images[:60]), image_statistics(images[60:])
    same = classifier_test(first, second, repeats=2)
    assert same["auc"] < 0.65
    brighter = classifier_test(first, image_statistics(images[60:] * 3), repeats=2)
    assert brighter["auc"] > 0.95


def test_fitted_populations_hold_quantiles_not_rows():
    for described in map(population.load, population.names()):
        assert described.pixels.size < 1000
        for key in ("einstein_radius", "flux", "pixels"):
            assert (np.diff(getattr(described, key), axis=-1) >= 0).all()


def test_a_population_that_extends_another_holds_only_what_differs():
    for name, extended in (("hard", "challenge"), ("rare", "training")):
        content = json.loads((population.FOLDER / f"{name}.json").read_text())
        assert content["extends"] == extended
        assert not {"einstein_radius", "flux", "pixels"} & set(content)
        assert (population.load(name).flux == population.load(extended).flux).all()


@pytest.mark.parametrize("name", population.names())
@pytest.mark.parametrize("theta_e", [0.16, 1.0, 3.0, 5.0])
def test_rank_of_an_einstein_radius_is_the_inverse_of_the_draw(name, theta_e):
    described = population.load(name)
    rank = described.rank_of(theta_e)
    assert 0 < rank < 1
    drawn, radius = described.draw_einstein_radius(FixedRank(rank))
    assert (drawn, radius) == pytest.approx((rank, theta_e))


class FixedRank(NamedTuple):
    """A generator of one number."""

    rank: float

    def random(self):
        return self.rank


def test_parts_of_different_populations_do_not_join(shard, tmp_path):
    other = tmp_path / "other"
    shards.simulate_shard(other, "hard", 7, 2, 11)
    with pytest.raises(CatalogueError, match="impostor"):
        layout.merge_catalogues([shard / layout.PART, other / layout.PART], tmp_path / "out.csv")
