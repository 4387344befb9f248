"""Small mosaics with a WCS, and the catalogue of what is on them."""

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.wcs import WCS

from lensflow.ingest import ingestion
from lensflow.samples.images import read_index

SCALE = 0.1 / 3600
DATASET = {
    "kind": "mosaic",
    "shards": 1,
    "pattern": "flux_*.fits*",
    "catalogue": "",
    "columns": {},
    "keep": [],
    "pixel_scale": None,
}


def wcs_of(ra, dec, shape, scale=SCALE, turn=0.0):
    """Return a tangential WCS around the middle of an image."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [ra, dec]
    wcs.wcs.crpix = [(shape[1] + 1) / 2, (shape[0] + 1) / 2]
    cosine, sine = scale * np.cos(np.radians(turn)), scale * np.sin(np.radians(turn))
    wcs.wcs.cd = [[-cosine, sine], [sine, cosine]]
    wcs.wcs.radesys = "ICRS"
    return wcs


def noise(shape, seed=1, sigma=1.0):
    return np.random.default_rng(seed).normal(0, sigma, shape).astype("f4")


def add_star(image, x, y, flux=1000.0, width=1.5):
    """Add a Gaussian star at a pixel, counted from 0, as far as it is on the image."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    image += flux * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * width**2))


def write(path, data, wcs, compressed=False, **cards):
    path.parent.mkdir(parents=True, exist_ok=True)
    header = wcs.to_header()
    header.update(cards)
    if compressed:
        hdu = fits.CompImageHDU(data, header, quantize_level=0, compression_type="GZIP_2")
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    else:
        fits.PrimaryHDU(data, header).writeto(path)
    return path


def write_catalogue(path, ids, sky, **columns):
    table = pd.DataFrame({"OBJECT_ID": ids, "RIGHT_ASCENSION": sky[:, 0], "DECLINATION": sky[:, 1]})
    table.assign(**columns).to_csv(path, index=False)
    return str(path)


def run(folder, out, dataset, seed=1):
    """Ingest a dataset of mosaics; return index, images in its order, quarantine rows, shards."""
    dataset = DATASET | dataset
    out.mkdir(parents=True)
    manifest, listing = out / "manifest.h5", out / "listing.csv"
    ingestion.build_manifest("m", dataset, folder, manifest, listing)
    shards = [out / f"shard_{number}.h5" for number in range(dataset["shards"])]
    parts = [out / f"q_{number}.csv" for number in range(dataset["shards"])]
    for number, (shard, part) in enumerate(zip(shards, parts, strict=True)):
        ingestion.ingest_shard("m", dataset, folder, number, manifest, shard, part, seed)
    index, merged = out / "index.h5", out / "q.csv"
    ingestion.build_index("m", dataset, shards, [listing, *parts], index, merged)
    import h5py

    flux = np.concatenate([h5py.File(shard)["flux"][:] for shard in shards])
    columns = ["shard", "row", "sky_sigma"]
    optional = ["ra", "dec", "sky_correlation"]
    table = read_index(index, columns, optional=optional)
    return table, flux, pd.read_csv(merged, keep_default_na=False), shards


def make_one(folder, shape=(200, 200), **cards):
    """Write one tile, and the catalogue of the objects a and b on it."""
    wcs = wcs_of(150.0, 2.0, shape)
    write(folder / "data/flux_a.fits", noise(shape), wcs, **cards)
    sky = wcs.all_pix2world([[100.0, 100.0], [90.0, 110.0]], 0)
    return {"catalogue": write_catalogue(folder / "c.csv", ["a", "b"], sky)}


def make_tiles(folder, catalogue, by_tile=False):
    """Write two tiles that overlap, with maps, and the catalogue of 40 objects on them."""
    shape, random = (260, 300), np.random.default_rng(4)
    corners = []
    for number, key in enumerate(("007", "008")):
        wcs = wcs_of(150.0 - number * 200 * SCALE, 2.0, shape)
        image = noise(shape, seed=number)
        write(folder / f"flux_TILE{key}_x.fits", image, wcs, MAGZERO=20.0)
        write(folder / f"rms/rms_TILE{key}_y.fits", np.full(shape, 2.0, "f4"), wcs)
        flags = np.zeros(shape, "i4")
        flags[100:110, 140:150] = 4
        write(folder / f"flag_TILE{key}_y.fits", flags, wcs)
        corners.append(wcs)
    pixels = random.uniform((10, 10), (480, 250), (40, 2))
    sky = corners[0].all_pix2world(pixels, 0)
    sky[5] = [151.0, 2.0]
    ids = random.permutation(40) + 1000
    if by_tile:
        for key in ("007", "008"):
            write_catalogue(catalogue.parent / f"c_{key}.csv", ids, sky, mag=pixels[:, 0])
        path = str(catalogue.parent / "c_{tile}.csv")
    else:
        path = write_catalogue(catalogue, ids, sky, mag=pixels[:, 0])
    asked = {
        "catalogue": path,
        "tile_pattern": r"TILE(\d+)",
        "rms_pattern": "rms_*.fits",
        "flag_pattern": "flag_*.fits",
        "keep": ["mag"],
        "max_quarantine_fraction": 0.5,
    }
    return asked, ids, sky
