import numpy as np
import pytest
from scipy.ndimage import convolve1d

from lensflow.ingest import cutouts, ingestion, noise
from lensflow.ingest.settings import CutoutSettings
from lensflow.samples.images import read_index


def images(a=0.0, n=400, seed=1):
    """Return noise whose neighbours along each axis have the correlation 2 a / (1 + 2 a^2)."""
    kernel = np.array([a, 1, a]) / np.sqrt(1 + 2 * a**2)
    made = np.random.default_rng(seed).normal(size=(n, 101, 101))
    for axis in (1, 2):
        made = convolve1d(made, kernel, axis=axis, mode="wrap")
    return made.astype("f4")


@pytest.mark.parametrize("a", [0.0, 0.05, 0.1, 0.2])
def test_the_correlation_of_neighbours_is_measured(a):
    found = noise.neighbour_correlation(images(a))
    assert found.mean() == pytest.approx(2 * a / (1 + 2 * a**2), abs=0.04)
    assert found.std() < 0.04
    assert noise.neighbour_correlation(images(0.0)).mean() == pytest.approx(0.0, abs=0.003)


def test_galaxies_and_missing_pixels_hardly_matter():
    made = images(0.2)
    clean = noise.neighbour_correlation(made).mean()
    y, x = np.mgrid[:101, :101] - 50.0
    made += 300 * np.exp(-np.hypot(x, y) / 4).astype("f4")
    made[:, :20, :30] += 100
    made[:, :, 98:] = np.nan
    assert noise.neighbour_correlation(made).mean() == pytest.approx(clean, abs=0.03)


def test_where_there_is_no_noise_there_is_no_correlation():
    blank = np.stack([np.full((101, 101), np.nan), np.ones((101, 101))])
    assert np.isnan(noise.neighbour_correlation(blank)).all()


def test_the_noise_of_a_map_is_the_median_of_its_border():
    maps = np.full((2, 101, 101), 3.0, "f4")
    maps[:, 10:90, 10:90] = 50.0
    maps[1, :, :4] = np.nan
    maps[0, 0, :50] = 1000.0
    assert noise.noise_of_maps(maps).tolist() == [3.0, 3.0]
    assert np.isnan(noise.noise_of_maps(np.full((1, 101, 101), np.nan)))[0]


def layered(path, flag=None, rms=2.0, missing_rms=None):
    from astropy.io import fits

    made = images(0.2, 1, 3)[0]
    maps = np.full((101, 101), rms, "f4")
    if missing_rms is not None:
        maps[3, 4] = missing_rms
    flags = np.zeros((101, 101), "i4")
    if flag is not None:
        flags[40:60, 40:60] = flag
    layers = {"VIS_FLUX": made, "VIS_RMS": maps, "VIS_FLAG": flags}
    hdus = [fits.ImageHDU(data, name=name) for name, data in layers.items()]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    return made


def settings(**kwargs):
    return CutoutSettings(
        hdus=("VIS_FLUX",),
        reads_headers=True,
        rms_hdus=("VIS_RMS",),
        flag_hdus=("VIS_FLAG",),
        **kwargs,
    )


def test_the_sky_is_that_of_independent_pixels_and_flags_are_missing_pixels(tmp_path):
    made = layered(tmp_path / "a.fits", flag=6, missing_rms=1e16)
    batch = cutouts.read_batch([str(tmp_path / "a.fits")], ["a"], settings(zero_point=2.5), 1)
    assert batch.sky_sigma[0] == pytest.approx(0.2)
    changed = batch.flux[0] != made * np.float32(0.1)
    assert changed[40:60, 40:60].all()
    assert changed[3, 4]
    assert changed.sum() == 401
    # What is filled in has the scatter of the pixels, not that of the map.
    assert batch.flux[0][40:60, 40:60].std() == pytest.approx(0.1, rel=0.2)


def test_only_the_bits_that_count_are_missing(tmp_path):
    made = layered(tmp_path / "a.fits", flag=6)
    batch = cutouts.read_batch([str(tmp_path / "a.fits")], ["a"], settings(flag_bits=9), 1)
    assert (batch.flux[0] == made).all()


@pytest.mark.parametrize("shape", [(90, 90), (60, 150)])
def test_the_noise_of_a_small_stamp_is_that_of_its_own_border(tmp_path, shape):
    from astropy.io import fits

    maps = np.full(shape, 50.0, "f4")
    edges = maps[:, 25:126] if shape[1] > 101 else maps
    edges[:5], edges[-5:], edges[:, :5], edges[:, -5:] = 2.0, 2.0, 2.0, 2.0
    made = np.random.default_rng(1).normal(size=shape).astype("f4")
    hdus = [fits.ImageHDU(made, name="VIS_FLUX"), fits.ImageHDU(maps, name="VIS_RMS")]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(tmp_path / "a.fits")
    chosen = CutoutSettings(
        hdus=("VIS_FLUX",), reads_headers=True, rms_hdus=("VIS_RMS",), zero_point=0.0
    )
    batch = cutouts.read_batch([str(tmp_path / "a.fits")], ["a"], chosen, 1)
    assert batch.problems == {}
    assert batch.sky_sigma.tolist() == [2.0]


@pytest.mark.parametrize("rms", [0.0, np.nan, 1e16])
def test_a_noise_map_without_values_is_a_reason(tmp_path, rms):
    layered(tmp_path / "a.fits", rms=rms)
    batch = cutouts.read_batch([str(tmp_path / "a.fits")], ["a"], settings(), 1)
    assert batch.problems == {0: "its noise map has no value in the border"}


def test_a_missing_layer_is_a_reason(tmp_path):
    layered(tmp_path / "a.fits")
    asked = CutoutSettings(reads_headers=True, hdus=("VIS_FLUX",), rms_hdus=("NOISE",))
    batch = cutouts.read_batch([str(tmp_path / "a.fits")], ["a"], asked, 1)
    assert "none of the HDUs ['NOISE']" in batch.problems[0]


def test_the_correlation_travels_to_the_index(tmp_path):
    (tmp_path / "data").mkdir()
    layered(tmp_path / "data/a.fits")
    dataset = {"kind": "fits", "shards": 1, "noise": "correlated", "hdus": ["VIS_FLUX"]}
    paths = [tmp_path / name for name in ("m.h5", "l.csv", "s.h5", "q.csv", "i.h5", "all.csv")]
    ingestion.build_manifest("d", dataset, tmp_path / "data", *paths[:2])
    ingestion.ingest_shard("d", dataset, tmp_path / "data", 0, paths[0], paths[2], paths[3], 1)
    ingestion.build_index("d", dataset, [paths[2]], [paths[1], paths[3]], *paths[4:])
    index = read_index(paths[4], optional=["sky_correlation", "ra"])
    assert index["sky_correlation"][0] == pytest.approx(0.37, abs=0.12)
    assert "ra" not in index
