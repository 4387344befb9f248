"""A mosaic of simulated cutouts, with maps of noise and flags, and the same objects as cutouts.

Both are read, searched and ranked by the same recipe; what comes out must be the same. The cutouts
stand side by side in a square, each object off the centre of its pixel by up to 0.4 pixels. The
noise map differs from object to object, and flags mark a few pixels of each, as a masked star does.

    PYTHONPATH=scripts .venv/bin/python -m lensflow.studies.build_mosaic --help
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.errors import CutoutError
from lensflow.ingest.cutouts import read_cutout
from lensflow.ingest.settings import NATIVE_SIZE
from lensflow.ingest.sky import sky_sigma
from lensflow.seeds import rng
from lensflow.simulate.constants import PIXEL_ARCSEC
from lensflow.studies.command import command

CENTRE = (150.0, 2.2)
"""Right ascension and declination of the middle of the mosaic (degrees)."""
OFFSET = 0.4
FLAG_SIDE = 6
FLAG = 4
NOISE_SPREAD = 0.1
GALLERY = ("mosaic", "rms", "flag")


def build(
    paths: Sequence[Path], folder: Path, side: int | None = None, seed: int = 1
) -> pd.DataFrame:
    """Write a mosaic and the cutouts that it is made of.

    Parameters
    ----------
    paths : sequence of Path
        Cutouts of 101 px in AB maggies; their names end with ``-<id>.fits``.
    folder : Path
        Gets ``mosaic/mosaic.fits``, ``mosaic/rms.fits``, ``mosaic/flag.fits``, ``catalogue.csv``
        (id, ra, dec) and ``cutouts/<id>.fits``, with the HDUs VIS_FLUX, VIS_RMS and VIS_FLAG.
    side : int, optional
        Side of the mosaic (pixels); None takes what the cutouts need.
    seed : int
        Of offsets, noise and flags.

    Returns
    -------
    DataFrame
        The catalogue.

    Raises
    ------
    CutoutError
        When the cutouts do not fit in.
    """
    per_row = int(np.ceil(np.sqrt(len(paths))))
    side = side or per_row * NATIVE_SIZE
    if side < per_row * NATIVE_SIZE:
        raise CutoutError(
            f"{len(paths)} cutouts need a side of {per_row * NATIVE_SIZE} pixels; received {side}"
        )
    layers, sigma = _background(paths[0], side, seed)
    ids = [path.stem.rpartition("-")[2] for path in paths]
    corners = [divmod(number, per_row) for number in range(len(paths))]
    corners = [(row * NATIVE_SIZE, column * NATIVE_SIZE) for row, column in corners]
    for path, name, (y, x) in zip(paths, ids, corners, strict=True):
        _place(
            layers, path, name, (slice(y, y + NATIVE_SIZE), slice(x, x + NATIVE_SIZE)), sigma, seed
        )
    return _write(layers, ids, corners, Path(folder), side, seed)


def _background(path: Path, side: int, seed: int) -> tuple[dict[str, np.ndarray], float]:
    """Return the empty layers, and the noise of the sky (maggies) that they begin with."""
    sigma = sky_sigma(read_cutout(path, zero_point=0.0))
    noise = rng(seed, "mosaic").standard_normal((side, side), np.float32)
    flux = np.float32(sigma) * noise
    rms = np.full((side, side), sigma, np.float32)
    return {"flux": flux, "rms": rms, "flag": np.zeros((side, side), np.int16)}, sigma


def _place(layers: dict, path: Path, name: str, where, sigma: float, seed: int) -> None:
    draw = rng(seed, "mosaic", name)
    layers["flux"][where] = read_cutout(path, zero_point=0.0)
    layers["rms"][where] = sigma * (1 + NOISE_SPREAD * draw.uniform(-1, 1))
    y, x = draw.integers(0, NATIVE_SIZE - FLAG_SIDE, 2)
    layers["flag"][where][y : y + FLAG_SIDE, x : x + FLAG_SIDE] = FLAG


def _wcs(side: int):
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.radesys = ["RA---TAN", "DEC--TAN"], CENTRE, "ICRS"
    wcs.wcs.crpix = [(side + 1) / 2] * 2
    wcs.wcs.cdelt = [-PIXEL_ARCSEC / 3600, PIXEL_ARCSEC / 3600]
    return wcs


def _write(layers: dict, ids, corners, folder: Path, side: int, seed: int) -> pd.DataFrame:
    from astropy.io import fits

    header = _wcs(side).to_header()
    header["MAGZERO"] = 0.0
    (folder / "mosaic").mkdir(parents=True, exist_ok=True)
    (folder / "cutouts").mkdir(exist_ok=True)
    for name, layer in zip(GALLERY, layers.values(), strict=True):
        fits.PrimaryHDU(layer, header).writeto(folder / f"mosaic/{name}.fits", overwrite=True)
    for name, (y, x) in zip(ids, corners, strict=True):
        cut = header.copy()
        cut["CRPIX1"], cut["CRPIX2"] = cut["CRPIX1"] - x, cut["CRPIX2"] - y
        where = slice(y, y + NATIVE_SIZE), slice(x, x + NATIVE_SIZE)
        hdus = [fits.ImageHDU(layer[where], cut, f"VIS_{key}") for key, layer in layers.items()]
        fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(
            folder / f"cutouts/{name}.fits", overwrite=True
        )
    catalogue = _catalogue(ids, corners, side, seed)
    catalogue.to_csv(folder / "catalogue.csv", index=False)
    return catalogue


def _catalogue(ids: Sequence[str], corners, side: int, seed: int) -> pd.DataFrame:
    offsets = rng(seed, "offsets").uniform(-OFFSET, OFFSET, (len(ids), 2))
    pixels = np.array(corners)[:, ::-1] + NATIVE_SIZE // 2 + offsets
    ra, dec = _wcs(side).all_pix2world(pixels, 0).T
    return pd.DataFrame({"id": ids, "ra": ra, "dec": dec})


def datasets(folder: Path, shards: int = 1) -> dict[str, dict]:
    """Return the two datasets, ``tile`` and ``cutouts``, as a configuration has them."""
    catalogue = str(folder / "catalogue.csv")
    shared = {"catalogue": catalogue, "shards": shards}
    maps = {"rms_pattern": "rms.fits", "flag_pattern": "flag.fits"}
    hdus = {"hdus": ["VIS_FLUX"], "rms_hdus": ["VIS_RMS"], "flag_hdus": ["VIS_FLAG"]}
    tile = {"kind": "mosaic", "path": str(folder / "mosaic"), "pattern": "mosaic.fits", **maps}
    cutouts = {"kind": "fits", "path": str(folder / "cutouts"), "positions": ["catalogue"], **hdus}
    return {"tile": tile | shared, "cutouts": cutouts | shared}


@command
def main() -> None:
    """Read the command line, build, and write a configuration that searches both."""
    import yaml

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cutouts", required=True, type=Path, help="folder of a simulated dataset")
    parser.add_argument("--output", required=True, type=Path, help="folder to write")
    parser.add_argument("--objects", type=int, default=2000, help="how many of them, at most")
    parser.add_argument("--side", type=int, help="side of the mosaic (pixels)")
    parser.add_argument("--shards", type=int, default=2, help="parts of both datasets")
    given = parser.parse_args()
    paths = sorted(given.cutouts.rglob("Public/Band1/*.fits"), key=lambda path: path.name)
    if not paths:
        parser.error(
            f"no Public/Band1/*.fits below {given.cutouts}; expected the folder `simulated` of a "
            "dataset of kind simulate, as in results/data/sim_training/simulated"
        )
    build(paths[: given.objects], given.output, given.side)
    made = datasets(given.output.resolve(), given.shards)
    survey = {
        "protocol": "unlabelled", "preset": "polar", "scales": ["sigma"], "n_features": [16],
        "mixture": {"n_components": 24, "engine": "lensflow"}, "runs": 1, "labels": ["nobody"],
    }  # fmt: skip
    experiments = {f"search_{name}": {"dataset": name, **survey} for name in made}
    config = {"run": list(experiments), "datasets": made, "experiments": experiments}
    path = given.output / "config.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    tables = [f"results/search_{name}/candidates_{name}.csv" for name in made]
    print(f"search both: .venv/bin/snakemake {' '.join(tables)} --configfile {path}")


if __name__ == "__main__":
    main()
