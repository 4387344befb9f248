r"""Fit a population of `lensflow.simulate` to a challenge catalogue.

The two populations of the workflow were made by, with FOLDER standing for
scripts/lensflow/simulate/populations:

    PYTHONPATH=scripts python -m lensflow.studies.fit_population classifications.csv \
        --name training --out FOLDER/training.json
    PYTHONPATH=scripts python -m lensflow.studies.fit_population classifications.csv \
        --name challenge --out FOLDER/challenge.json \
        --dim 0.4 --lens-fraction 0.4 --invisible-fraction 0.06

The result holds quantiles only, never rows of the catalogue. With ``--dim`` the lensed images are
made fainter first: the challenge's test set has no public catalogue, and the paper (section 4.2.3,
Fig. 15) says only that its lenses are fainter and smaller; 0.4 is a choice, not a measurement.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.studies.command import command

RADIUS_BINS, FLUX_BINS = 8, 10
RADIUS_LEVELS = np.linspace(0.0, 1.0, 41)
FLUX_LEVELS = np.array([0, 0.01, 0.03, *np.linspace(0.05, 0.95, 19), 0.97, 0.99, 0.997, 1.0])
PIXEL_LEVELS = np.array([0, 0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 1.0])
PIXELS_WITH_FLUX = 0.7
"""Slope of log pixels with log flux at a given Einstein radius, used when images are dimmed."""


def read_catalogue(path):
    """Return is_lens, log Einstein radius (arcsec), pixels and flux of a catalogue's rows."""
    table = pd.read_csv(path)
    columns = ["is_lens", "Einstein_area", "numb_pix_lensed_image", "flux_lensed_image_in_sigma"]
    is_lens, area, pixels, flux = table[columns].to_numpy(float).T
    return is_lens == 1, np.log(np.sqrt(area / np.pi) * 206264.806), pixels, flux


def bins(values, count):
    """Return the rows of each of ``count`` equally filled bins of ``values``."""
    return np.array_split(np.argsort(values, kind="stable"), count)


def quantiles(values, levels):
    """Return rounded quantiles, as a list for JSON."""
    return [round(float(value), 4) for value in np.quantile(values, levels)]


def dimmed(pixels, flux, dim):
    """Return pixels and flux of images whose sources are fainter by a factor."""
    flux = np.maximum(flux * dim, 1.0005)
    return np.clip(pixels * dim**PIXELS_WITH_FLUX, 1.0, flux / 1.0005), flux


def fit(path, name, lens_fraction=None, invisible_fraction=None, dim=1.0):
    """Return the description of the population as a dict of lists."""
    is_lens, radius, pixels, flux = read_catalogue(path)
    seen = is_lens & (pixels > 0)
    invisible = 1.0 - seen.sum() / is_lens.sum()
    pixels, flux = np.log(dimmed(pixels[seen], flux[seen], dim))
    groups = bins(radius[seen], RADIUS_BINS)
    cells = [[group[cell] for cell in bins(flux[group], FLUX_BINS)] for group in groups]
    return {
        "name": name,
        "lens_fraction": round(float(lens_fraction or is_lens.mean()), 4),
        "invisible_fraction": round(float(invisible_fraction or invisible), 4),
        "einstein_radius": {
            "levels": RADIUS_LEVELS.round(4).tolist(),
            "values": quantiles(radius[seen], RADIUS_LEVELS),
        },
        "flux": {
            "levels": FLUX_LEVELS.round(4).tolist(),
            "values": [quantiles(flux[group], FLUX_LEVELS) for group in groups],
        },
        "pixels": {
            "levels": PIXEL_LEVELS.round(4).tolist(),
            "values": [[quantiles(pixels[cell], PIXEL_LEVELS) for cell in row] for row in cells],
        },
    }


@command
def main():
    """Read the command line, fit and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", help="classifications.csv of the challenge's training set")
    parser.add_argument("--name", required=True, help="name of the population")
    parser.add_argument("--out", required=True, type=Path, help="JSON file to write")
    parser.add_argument("--lens-fraction", type=float, help="instead of the catalogue's own")
    parser.add_argument("--invisible-fraction", type=float, help="instead of the catalogue's own")
    parser.add_argument("--dim", type=float, default=1.0, help="factor on the lensed flux")
    given = parser.parse_args()
    content = fit(
        given.catalogue, given.name, given.lens_fraction, given.invisible_fraction, given.dim
    )
    given.out.write_text(json.dumps(content, indent=None) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
