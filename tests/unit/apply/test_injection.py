import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.apply.injection import inject_sources
from lensflow.errors import ArtifactError, ConfigError
from lensflow.evaluate.selection import snr
from lensflow.samples.images import IMAGES, images_hash, open_images
from lensflow.samples.injected import read_injected
from lensflow.samples.rows import RADIUS
from lensflow.simulate.bands import BANDS

SIDE, SKY = 101, 2.0e-12
SETTINGS = {
    "n": 12, "shards": 1, "pixel_scale": 0.1, "psf_fwhm": 0.18, "population": "training",
    "galaxy_draws": 4, "sky_electrons": None, "source_colours": None,
}  # fmt: skip
SEED = 3


def galaxy(flux, sigma, random):
    """A round Gaussian galaxy (sigma in pixels) on noise, in sky sigma."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    profile = np.exp(-0.5 * (x**2 + y**2) / sigma**2)
    return flux * profile / profile.sum() + random.normal(size=(SIDE, SIDE))


def survey(
    folder,
    n=20,
    n_shards=2,
    is_lens=-1,
    radius=np.nan,
    unit="AB maggies",
    wcs=None,
    sky=None,
    bands=(),
):
    """Write images and index of a dataset whose objects grow brighter with their number.

    Bands beside the first have a galaxy of the same flux on a sky of twice, three times the noise.
    """
    random, paths, index = np.random.default_rng(0), [], []
    named = {"bands": " ".join(bands)} if bands else {}
    noise = SKY * (np.arange(len(bands)) + 1.0) if bands else SKY
    each = np.broadcast_to(np.array(noise, "f4"), (n, *np.shape(noise)))
    is_lens = np.broadcast_to(np.array(is_lens, np.int8), n)
    radius = np.broadcast_to(np.array(radius, float), n)
    for shard in range(n_shards):
        numbers = np.arange(shard * n // n_shards, (shard + 1) * n // n_shards)
        ids = [f"o{number:02}" for number in numbers]
        flux = [galaxy(1000.0 * (number + 1), 3.0, random) * SKY for number in numbers]
        if bands:
            flux = [[image, *others(image, noise[1:])] for image in flux]
        paths.append(folder / f"shard_{shard}.h5")
        attrs = {"state": "raw", "shard": shard, **named}
        with artifacts.create(paths[-1], "images", attrs) as writer:
            writer.dataset("flux", np.array(flux, "f4"), unit, compress=False)
            writer.dataset("sky_sigma", each[numbers], unit)
            writer.strings("id", ids)
            if wcs is not None:
                writer.dataset("wcs", np.broadcast_to(wcs, (n, 6))[numbers])
            table = pd.DataFrame({"is_lens": is_lens[numbers], RADIUS: radius[numbers]})
            artifacts.write_table(writer, "catalogue", table)
        index.append(table.assign(id=ids, shard=shard, row=np.arange(len(ids))))
    index = pd.concat(index)
    attrs = {IMAGES: images_hash(paths), **named}
    with artifacts.create(folder / "index.h5", "index", attrs) as writer:
        writer.strings("id", index["id"])
        for name in ("shard", "row"):
            writer.dataset(name, index[name].to_numpy())
        writer.dataset("sky_sigma", each, unit)
        for axis, name in enumerate(("ra", "dec") if sky is not None else ()):
            writer.dataset(name, sky[:, axis], "deg")
        artifacts.write_table(writer, "catalogue", index[["is_lens", RADIUS]])
    return folder / "index.h5", paths


def others(image, noise):
    """Return an object in other bands."""
    random = np.random.default_rng(1)
    return [image + sigma * random.normal(size=image.shape) for sigma in noise]


def inject(files, folder, known=(), **changes):
    """Put sources into a survey, all shards; return their paths."""
    settings = {**SETTINGS, **changes}
    paths = [folder / f"injected/shard_{shard}.h5" for shard in range(settings["shards"])]
    for shard, path in enumerate(paths):
        inject_sources(*files, path, "survey_injected", shard, settings, SEED, *known)
    return paths


def read(paths):
    """Return flux, sources and ids of some shards."""
    parts = []
    for path in paths:
        with open_images(path) as images:
            flux, sources = images.flux(), images.flux(layer="source_flux")
            parts.append((flux, sources, images.ids()))
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def original(files, name):
    for path in files[1]:
        with open_images(path) as images:
            ids = images.ids().tolist()
            if name in ids:
                return images.flux(ids.index(name))
    raise AssertionError(name)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return survey(tmp_path_factory.mktemp("survey"))


@pytest.fixture(scope="module")
def injected(files, tmp_path_factory):
    return inject(files, tmp_path_factory.mktemp("results"))


def test_nothing_but_the_source_is_added_to_the_image_of_a_galaxy(files, injected):
    flux, sources, _ = read(injected)
    for image, source, name in zip(flux, sources, read_injected(injected)["galaxy"], strict=True):
        before = original(files, name)
        np.testing.assert_array_equal(image[source == 0], before[source == 0])
        # To the rounding of single precision in the centre of a bright galaxy.
        np.testing.assert_allclose(image - before, source, atol=1e-3 * SKY)
        assert source.min() >= 0
        assert source.max() > 0
    assert (sources == 0).any()


def test_the_catalogue_says_what_was_added(injected):
    _, sources, ids = read(injected)
    table = read_injected(injected)
    assert ids.tolist() == [f"injected_{number}" for number in range(12)] == table["id"].tolist()
    assert (table["is_lens"] == 1).all()
    for source, row in zip(sources.astype("f8") / SKY, table.itertuples(), strict=True):
        # Pixels of one sky sigma, to the rounding of single precision, may be on either side.
        bright = source[source > 1]
        assert row.numb_pix_lensed_image == pytest.approx(bright.size, abs=1)
        assert row.flux_lensed_image_in_sigma == pytest.approx(bright.sum(), abs=1.01, rel=1e-5)
        magnitude = -2.5 * np.log10(row.source_flux_in_sigma * SKY)
        assert row.source_magnitude == pytest.approx(magnitude, abs=1e-5)
        assert 0.1 < row.einstein_radius_arcsec < 5.1
    assert snr(table["flux_lensed_image_in_sigma"], table["numb_pix_lensed_image"]).max() > 20


@pytest.mark.parametrize("shards", [2, 5])
def test_sources_are_the_same_whatever_the_shards(files, injected, tmp_path, shards):
    parts = inject(files, tmp_path, shards=shards)
    for whole, joined in zip(read(injected), read(parts), strict=True):
        np.testing.assert_array_equal(whole, joined)
    pd.testing.assert_frame_equal(read_injected(injected), read_injected(parts))


def test_the_same_bytes_come_again(files, injected, tmp_path):
    (again,) = inject(files, tmp_path)
    assert again.read_bytes() == injected[0].read_bytes()


def test_what_is_drawn_does_not_depend_on_how_many(files, injected, tmp_path):
    fewer = read_injected(inject(files, tmp_path, n=5))
    pd.testing.assert_frame_equal(fewer, read_injected(injected).head(5))


def test_a_galaxy_is_of_the_brighter_half_of_those_that_are_drawn(files, tmp_path):
    def numbers(draws):
        paths = inject(files, tmp_path / str(draws), n=30, galaxy_draws=draws)
        return read_injected(paths)["galaxy"].str[1:].astype(int)

    # Objects are numbered by their flux. All of the brighter half of 40 draws out of 20 objects.
    assert numbers(40).min() > 5
    assert numbers(1).min() < 3


def test_known_lenses_get_no_source(tmp_path):
    is_lens = np.tile([1, 0], 10)
    files = survey(tmp_path, is_lens=is_lens)
    galaxies = read_injected(inject(files, tmp_path))["galaxy"].str[1:].astype(int)
    assert (galaxies % 2 == 1).all()


def test_objects_at_known_lenses_get_no_source(tmp_path):
    """Within the radius of a lens of the table; one without a position is none."""
    sky = np.stack([150.0 + np.arange(20) / 60, np.full(20, 2.0)], axis=1)
    known = tmp_path / "known.csv"
    offsets = np.where(np.arange(15) % 5 == 4, 3.0, 1.0) / 3600
    pd.DataFrame({"ra": sky[:15, 0], "dec": sky[:15, 1] + offsets}).to_csv(known, index=False)
    sky[3] = np.nan
    files = survey(tmp_path, sky=sky)
    table = read_injected(inject(files, tmp_path, (known, 2.0), n=40, galaxy_draws=1))
    allowed = {3, 4, 9, 14, *range(15, 20)}
    assert set(table["galaxy"].str[1:].astype(int)) == allowed
    pd.DataFrame(np.delete(sky, 3, axis=0), columns=["ra", "dec"]).to_csv(known, index=False)
    sky[3] = sky[4]
    (tmp_path / "all").mkdir()
    files = survey(tmp_path / "all", sky=sky)
    with pytest.raises(ConfigError, match="no object that is not a known lens"):
        inject(files, tmp_path, (known, 2.0))


def test_where_all_are_lenses_there_is_none_to_put_a_source_behind(tmp_path):
    files = survey(tmp_path, is_lens=1)
    with pytest.raises(ConfigError, match="no object that is not a known lens"):
        inject(files, tmp_path)


def test_one_object_gets_every_source(tmp_path):
    files = survey(tmp_path, n=1, n_shards=1)
    table = read_injected(inject(files, tmp_path, n=3, shards=3))
    assert table["galaxy"].tolist() == ["o00"] * 3
    assert table["source_flux_in_sigma"].nunique() == 3


def test_a_galaxy_whose_einstein_radius_is_known_has_that(tmp_path):
    """One of 0 says nothing, and one that leaves the cutout has no use."""
    radius = np.linspace(0.4, 2.3, 20)
    radius[::3], radius[[4, 5]] = 0.0, 6.0
    files = survey(tmp_path, radius=radius)
    table = read_injected(inject(files, tmp_path, n=30, galaxy_draws=1))
    own = radius[table["galaxy"].str[1:].astype(int)]
    assert 0 < (own == 0).sum() < 30
    assert 6.0 not in own
    np.testing.assert_array_equal(table[RADIUS][own > 0], own[own > 0])
    assert table[RADIUS][own == 0].gt(0.1).all()


def test_without_a_zero_point_there_is_no_magnitude(tmp_path):
    files = survey(tmp_path, unit="AB maggies or counts")
    table = read_injected(inject(files, tmp_path, n=3))
    assert table["source_magnitude"].isna().all()
    assert table["source_flux_in_sigma"].gt(0).all()


def test_a_source_brings_its_own_noise_where_electrons_are_known(files, injected, tmp_path):
    paths = inject(files, tmp_path, sky_electrons=5.0)
    flux, sources, _ = read(paths)
    np.testing.assert_array_equal(sources, read(injected)[1])
    noise = []
    for image, source, name in zip(flux, sources, read_injected(paths)["galaxy"], strict=True):
        electrons, bright = 5.0 * source / SKY, source > 4 * SKY
        added = 5.0 * (image - original(files, name)) / SKY
        noise += [(added - electrons)[bright] / np.sqrt(electrons[bright])]
    noise = np.concatenate(noise)
    assert noise.size > 100
    assert noise.mean() == pytest.approx(0, abs=4 / np.sqrt(noise.size))
    assert noise.std() == pytest.approx(1, abs=0.1)


DEGREES = 0.1 / 3600


def test_a_pixel_scale_that_the_wcs_denies_is_refused(tmp_path):
    # Turned by 30 degrees.
    cos, sin = DEGREES * np.cos(0.5), DEGREES * np.sin(0.5)
    files = survey(tmp_path, wcs=[150.0, 2.0, -cos, sin, sin, cos])
    inject(files, tmp_path, n=1)
    with pytest.raises(ConfigError, match=r"pixel_scale is 0\.2 arcsec.*0\.1 arcsec wide"):
        inject(files, tmp_path, n=1, pixel_scale=0.2)


def test_a_single_object_of_another_pixel_scale_is_named(tmp_path):
    wcs = np.tile([150.0, 2.0, -DEGREES, 0, 0, DEGREES], (20, 1))
    wcs[0] = np.nan
    (tmp_path / "alike").mkdir()
    inject(survey(tmp_path / "alike", wcs=wcs), tmp_path, n=1)
    wcs[17, 2:] *= 2
    with pytest.raises(ConfigError, match=r"WCS of o17 a pixel is 0\.2 arcsec wide"):
        inject(survey(tmp_path, wcs=wcs), tmp_path, n=1)


def test_images_that_the_index_does_not_list_are_refused(files, tmp_path):
    others = survey(tmp_path, n=10)
    with pytest.raises(ArtifactError, match="lists other images"):
        inject((files[0], others[1]), tmp_path)


THREE = ("VIS", "Y", "H")


@pytest.fixture(scope="module")
def coloured(tmp_path_factory):
    return survey(tmp_path_factory.mktemp("coloured"), bands=THREE)


def total(images):
    return images.sum(axis=(-2, -1), dtype=float)


def test_in_several_bands_the_first_is_what_it_is_by_itself(files, coloured, tmp_path):
    chosen = {"n": 6, "psf_fwhm": 0.5, "sky_electrons": 4.0}
    alone = inject(files, tmp_path / "alone", **chosen)
    by_band = {"psf_fwhm": dict(zip(THREE, (0.5, 0.4, 0.9), strict=True))}
    by_band |= {"sky_electrons": dict(zip(THREE, (4.0, 9.0, 2.0), strict=True)), "shards": 2}
    together = inject(coloured, tmp_path / "together", **{**chosen, **by_band})
    for first, three in zip(read(alone)[:2], read(together)[:2], strict=True):
        assert three.shape == (6, 3, SIDE, SIDE)
        np.testing.assert_array_equal(three[:, 0], first)
    pd.testing.assert_frame_equal(read_injected(together), read_injected(alone))
    with open_images(together[0]) as images:
        assert images.bands == THREE
        np.testing.assert_allclose(images.sky_sigma(), [SKY * np.r_[1:4]] * 3, rtol=1e-6)


def test_fluxes_of_the_bands_are_those_of_the_colours(coloured, tmp_path):
    paths = inject(coloured, tmp_path, n=8, source_colours={"Y": 0.75, "H": -0.4})
    flux, sources, _ = read(paths)
    ratio = total(sources) / total(sources[:, :1])
    expected = 10 ** (0.4 * np.array([0.0, 0.75, -0.4]))
    np.testing.assert_allclose(ratio, np.broadcast_to(expected, ratio.shape), rtol=1e-4)
    for image, source, name in zip(flux, sources, read_injected(paths)["galaxy"], strict=True):
        np.testing.assert_allclose(image - original(coloured, name), source, atol=3e-3 * SKY)


def test_unless_said_colours_are_those_of_stars_of_one_age(coloured, tmp_path):
    sources = read(inject(coloured, tmp_path, n=8))[1]
    colours = 2.5 * np.log10(total(sources) / total(sources[:, :1]))
    ages = [
        (colours[:, place] - BANDS[name].young) / (BANDS[name].old - BANDS[name].young)
        for place, name in ((1, "Y"), (2, "H"))
    ]
    np.testing.assert_allclose(*ages, atol=1e-3)
    assert (ages[0] > -1e-3).all()
    # Young, and not all of one age.
    assert ages[0].max() < 0.7
    assert np.ptp(ages[0]) > 0.02


def test_a_band_with_a_broader_point_spread_function_is_more_blurred(coloured, tmp_path):
    colours = {"Y": 0.0, "H": 0.0}
    fwhm = {"VIS": 0.3, "Y": 0.2, "H": 0.8}
    sources = read(inject(coloured, tmp_path, n=8, psf_fwhm=fwhm, source_colours=colours))[1]
    peaks = sources.max(axis=(-2, -1))
    assert (peaks[:, 1] > peaks[:, 0]).all()
    assert (peaks[:, 0] > peaks[:, 2]).all()


def test_sources_of_a_band_have_the_noise_of_its_electrons(coloured, tmp_path):
    electrons = {"VIS": 40.0, "Y": 6.0, "H": 3.0}
    chosen = {"n": 8, "sky_electrons": electrons, "source_colours": {"Y": 2.0, "H": 3.0}}
    paths = inject(coloured, tmp_path, **chosen)
    flux, sources, _ = read(paths)
    before = np.array([original(coloured, name) for name in read_injected(paths)["galaxy"]])
    for band, name in enumerate(THREE):
        unit = electrons[name] / (SKY * (band + 1))
        expected = unit * sources[:, band]
        bright = expected > 20
        off = (unit * (flux - before)[:, band] - expected)[bright] / np.sqrt(expected[bright])
        assert off.size > 100
        assert off.mean() == pytest.approx(0, abs=5 / np.sqrt(off.size))
        assert off.std() == pytest.approx(1, abs=0.1)
