import numpy as np
import pytest
from astropy.io import fits
from threadpoolctl import threadpool_limits

from lensflow.ingest import ingestion
from lensflow.samples.images import open_images
from lensflow.seeds import rng
from lensflow.simulate import layout, shards
from lensflow.simulate.bands import AGES, BANDS, Part, draw_colours, in_bands
from lensflow.simulate.constants import SIZE, SKY_SIGMA_MAGGIES
from lensflow.simulate.light import add_rows, sersic_rows
from lensflow.simulate.objects import draw_ordinary
from lensflow.simulate.population import load

ALL = tuple(BANDS)
OTHERS = ALL[1:]
STAR = np.array([[0.0, 0.0, 1e4, 0.001, 1.0, 0.0]])


def objects(population, n=40, bands=ALL):
    described = load(population)
    with threadpool_limits(1, user_api="blas"):
        return [shards.simulate_object(described, 5, 300 + i, bands) for i in range(n)]


@pytest.fixture(scope="module")
def training():
    return objects("training", 150)


@pytest.mark.parametrize("population", ["training", "hard", "rare"])
def test_bands_beside_it_change_nothing_in_vis(population):
    for alone, made in zip(objects(population, 8, ("VIS",)), objects(population, 8), strict=True):
        assert alone["other_bands"] == {}
        for image in ("public", "no_source", "no_lens"):
            assert (alone[image] == made[image]).all()


def test_which_bands_are_made_changes_none_of_them():
    for alone, made in zip(objects("hard", 8, ("VIS", "H")), objects("hard", 8), strict=True):
        assert (alone["other_bands"]["H"] == made["other_bands"]["H"]).all()


@pytest.mark.parametrize("name", OTHERS)
def test_a_point_has_the_point_spread_function_of_the_band(name):
    image = in_bands([Part("bulge", STAR)], [name], np.random.default_rng(1))[name]
    band, axis = BANDS[name], (np.arange(SIZE) - SIZE // 2) * 0.1
    variance = (image.sum(axis=0) * axis**2).sum() / image.sum()
    assert variance == pytest.approx(band.camera.psf_sigma_arcsec**2 + 0.01 / 12, rel=0.02)
    age = np.clip(np.random.default_rng(1).normal(*AGES["bulge"]), 0, 1)
    assert image.sum() == pytest.approx(1e4 * band.brightness(age), rel=0.01)


def test_brightness_is_a_colour_over_the_noise():
    band = BANDS["H"]
    assert band.brightness(1.0) * band.sky_sigma / SKY_SIGMA_MAGGIES == pytest.approx(10**0.74)
    assert BANDS["VIS"].brightness(0.3) == 1.0


def test_colours_are_those_of_the_brightness_and_of_the_first_band():
    age = np.clip(np.random.default_rng(4).normal(*AGES["source"]), 0, 1)
    maggies = {name: band.brightness(age) * band.sky_sigma for name, band in BANDS.items()}
    for bands in (ALL, ("H", "VIS"), ("J",)):
        colours = draw_colours("source", bands, np.random.default_rng(4))
        assert list(colours) == list(bands)
        for name in bands:
            expected = 2.5 * np.log10(maggies[name] / maggies[bands[0]])
            assert colours[name] == pytest.approx(expected, abs=1e-12)


def test_light_is_the_same_as_rows_and_as_an_image():
    rows = sersic_rows(0.5, -0.3, 500.0, 0.6, 1.0, 0.7, 0.4)
    image = np.zeros((SIZE, SIZE), "f4")
    add_rows(image, rows)
    made = [
        in_bands([Part("disc", light)], OTHERS, np.random.default_rng(2)) for light in (rows, image)
    ]
    for name in OTHERS:
        np.testing.assert_allclose(made[0][name], made[1][name], atol=0.02)


def test_the_sky_of_each_band_has_unit_noise_of_its_own(training):
    for name in OTHERS:
        corners = np.array([made["other_bands"][name][:8, :8] for made in training])
        vis = np.array([made["public"][:8, :8] for made in training])
        assert np.median(abs(corners)) * 1.4826 == pytest.approx(1, rel=0.15)
        faint = (abs(corners) < 3) & (abs(vis) < 3)
        assert abs(np.corrcoef(corners[faint], vis[faint])[0, 1]) < 0.15


def test_lenses_are_red_and_sources_are_blue():
    """Flux in H over flux in VIS, in maggies: of centres and of bright lensed images."""
    middle = np.hypot(*(np.mgrid[:SIZE, :SIZE] - SIZE // 2)) < 6
    with_source, without = [], []
    for made in objects("training", 150):
        public, image = made["public"], made["no_lens"]
        h = made["other_bands"]["H"] * BANDS["H"].noise
        arc = (image > 5) & ~middle
        if not made["is_lens"]:
            without.append(h[middle].sum() / public[middle].sum())
        elif arc.sum() > 30 and made["no_source"][arc].mean() < 0.2 * image[arc].mean():
            with_source.append(h[arc].sum() / public[arc].sum())
    assert len(with_source) > 10
    assert np.median(without) > 2.5
    assert np.median(with_source) < 2.2


def test_nothing_in_front_tells_the_class(training):
    """Without a source the other bands are drawn alike: those of VIS's foreground and its ages."""
    described, index = load("training"), []
    for i in range(20):
        keys = ("simulation", described.objects_of, 300 + i)
        views = [
            draw_ordinary(described, rng(5, *keys, "scene"), rng(seed, *keys, "source"))
            for seed in (5, 6, 7)
        ]
        parts = [view.parts for view in views]
        assert len({len(each) for each in parts}) == 1
        for first, *others in zip(*parts, strict=True):
            assert all((first.light == other.light).all() for other in others)
        index.append(len({view.is_lens for view in views}))
    assert max(index) == 2


def test_files_are_read_as_images_of_all_bands(tmp_path):
    folder = tmp_path / "simulated"
    shards.simulate_shard(folder / "Data.0", "training", 100000, 6, 3, ("VIS", "J", "H"))
    layout.merge_catalogues([folder / "Data.0/catalogue_part.csv"], folder / "classifications.csv")
    assert not (folder / "Data.0/Public/Band2").exists()
    dataset = {"kind": "simulate", "population": "training", "n_objects": 6, "shards": 1}
    dataset |= {"bands": ["VIS", "J", "H"]}
    manifest, listing = tmp_path / "manifest.h5", tmp_path / "listing.csv"
    ingestion.build_manifest("s", dataset, folder, manifest, listing)
    out, part = tmp_path / "shard.h5", tmp_path / "quarantine.csv"
    ingestion.ingest_shard("s", dataset, folder, 0, manifest, out, part, 1)
    with open_images(out) as images:
        assert images.bands == ("VIS", "J", "H")
        flux, sigma = images.flux(), images.sky_sigma()
    assert flux.shape == (6, 3, 101, 101)
    expected = SKY_SIGMA_MAGGIES * np.array([1.0, BANDS["J"].noise, BANDS["H"].noise])
    np.testing.assert_allclose(np.median(sigma, axis=0), expected, rtol=0.1)
    stored = fits.getdata(folder / "Data.0/Public/Band4/imageEUC_H-100002.fits")
    assert (flux[2, 2] == stored).all()


def test_sources_alone_are_seen_in_all_bands_as_beside_their_lens(tmp_path):
    folder, bands = tmp_path / "simulated", ("VIS", "J", "H")
    shards.simulate_shard(folder / "Data.0", "training", 100000, 6, 3, bands)
    layout.merge_catalogues([folder / "Data.0/catalogue_part.csv"], folder / "classifications.csv")
    dataset = {"kind": "simulate", "population": "training", "n_objects": 6, "shards": 1}
    dataset |= {"bands": [*bands], "source_images": True}
    lost = folder / "Data.0/Private/Band4/NoLensImage/imageEUC_H-100005.fits"
    lost.unlink()
    manifest, listing = tmp_path / "manifest.h5", tmp_path / "listing.csv"
    ingestion.build_manifest("s", dataset, folder, manifest, listing)
    out, part = tmp_path / "shard.h5", tmp_path / "quarantine.csv"
    ingestion.ingest_shard("s", dataset, folder, 0, manifest, out, part, 1)
    assert "in band H, source image: " in part.read_text()
    with open_images(out) as images:
        sources, is_lens = images.flux(layer="source_flux"), images.rows()["is_lens"] == 1
    assert sources.shape == (5, 3, 101, 101)
    assert 0 < is_lens.sum() < 5
    assert not sources[~is_lens].any()
    for number in range(5):
        keys = ("simulation", load("training").objects_of, 100000 + number, "age of source")
        colours = draw_colours("source", bands, rng(3, *keys))
        for seen, name in zip(sources[number], bands, strict=True):
            total = sources[number, 0].sum(dtype=float) * 10 ** (0.4 * colours[name])
            # The broader point-spread function moves light over the edge of the cutout.
            assert seen.sum(dtype=float) == pytest.approx(total, rel=0.02)
