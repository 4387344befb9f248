r"""Compare a simulated dataset with the real cutouts of the challenge, by numbers and by eye.

    PYTHONPATH=scripts python -m lensflow.studies.compare_realism \
        real/SpaceBasedTraining results/data/<dataset>/simulated \
        --denoised challenge1_denoised --montage /tmp/montage.png

Prints two-sample distances of the catalogues, how well a classifier tells real from simulated
images, and, given cutouts that the paper's denoiser made, the same for the central galaxies. (Those
are scaled to [0, 1]; the median tells how many sky sigma that is, since the faintest of 10,201
pixels of pure noise lies 3.85 sigma below the median.)
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from scipy.stats import ks_2samp

from lensflow.simulate.constants import ARCSEC_IN_RADIANS, SKY_SIGMA_MAGGIES
from lensflow.studies.command import command
from lensflow.studies.realism import central_statistics, classifier_test, image_statistics

LOWEST_NOISE_PIXEL = 3.85


def read_catalogue(folder):
    """Return the catalogue of a dataset, by identifier."""
    table = pd.read_csv(Path(folder) / "classifications.csv")
    return table.set_index(table["ID"].astype(int))


def read_images(folder, limit=None):
    """Return identifiers and images (sky sigma) of a dataset."""
    paths = sorted(Path(folder).glob("**/Public/Band1/imageEUC_VIS-*.fits"), key=lambda p: p.name)
    paths = paths[:limit]
    ids = [int(path.stem.split("-")[1]) for path in paths]
    return ids, np.stack([fits.getdata(path).astype("f8") for path in paths]) / SKY_SIGMA_MAGGIES


def read_denoised(folder):
    """Return the paper's denoised cutouts in sky sigma above the sky."""
    images = [fits.getdata(path).squeeze() for path in sorted(Path(folder).glob("*_recons.fits"))]
    images = np.stack(images).astype("f8")
    sky = np.median(images, axis=(1, 2), keepdims=True)
    return (images - sky) * LOWEST_NOISE_PIXEL / sky


def lensed_statistics(catalogue):
    """Return logs of pixels, flux, SNR and Einstein radius of the lenses with visible pixels."""
    seen = catalogue[catalogue["numb_pix_lensed_image"] > 0]
    pixels, flux = seen["numb_pix_lensed_image"], seen["flux_lensed_image_in_sigma"]
    radius = np.sqrt(seen["Einstein_area"] / np.pi) / ARCSEC_IN_RADIANS
    return {
        "log numb_pix": np.log(pixels),
        "log SNR": np.log(flux / np.sqrt(pixels)),
        "log Einstein radius": np.log(radius),
        "log flux": np.log(flux),
        "log flux per pixel": np.log(flux / pixels),
    }


def share_passing(catalogue):
    """Return the share of all lenses with more than 100 pixels and an SNR above 50."""
    lenses = catalogue[catalogue["is_lens"] == 1]
    pixels, flux = lenses["numb_pix_lensed_image"], lenses["flux_lensed_image_in_sigma"]
    return float(((pixels > 100) & (flux / np.sqrt(np.maximum(pixels, 1)) > 50)).mean())


def print_distances(title, first, second):
    """Print the two-sample Kolmogorov-Smirnov distance of each statistic."""
    print(f"{title} (two-sample KS distance)")
    for name in first:
        print(f"  {name:24s} {ks_2samp(first[name], second[name]).statistic:.3f}")


def balanced_sample(ids, catalogue, real_share, random):
    """Return rows of the simulated images whose lens fraction is that of the real ones."""
    is_lens = catalogue.loc[ids, "is_lens"].to_numpy() == 1
    kept = np.where(is_lens, real_share / is_lens.mean(), (1 - real_share) / (1 - is_lens.mean()))
    return np.flatnonzero(random.random(len(ids)) < kept / kept.max())


def plot_montage(path, real, simulated):
    """Write the real images, then simulated ones, with one stretch."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(6, 10, figsize=(20, 12))
    for image, axis in zip(np.concatenate([real, simulated]), axes.flat, strict=False):
        axis.imshow(np.arcsinh(image / 2), origin="lower", cmap="gray", vmin=-1, vmax=5)
    for axis in axes.flat:
        axis.axis("off")
    figure.tight_layout(pad=0.2)
    figure.savefig(path, dpi=80)


@command
def main():
    """Read the command line and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", help="the challenge's training set: classifications.csv, cutouts")
    parser.add_argument("simulated", help="a simulated dataset")
    parser.add_argument("--denoised", help="folder of the paper's denoised cutouts")
    parser.add_argument("--montage", help="PNG to write")
    parser.add_argument("--limit", type=int, default=2000, help="simulated images to read")
    given = parser.parse_args()
    catalogues = [read_catalogue(folder) for folder in (given.real, given.simulated)]
    print_distances("catalogue", *map(lensed_statistics, catalogues))
    shares = [share_passing(catalogue) for catalogue in catalogues]
    print(f"share of lenses passing the cut: real {shares[0]:.3f}, simulated {shares[1]:.3f}")
    compare_images(given, *catalogues)


def compare_images(given, real_catalogue, simulated_catalogue):
    """Print how the images differ, and write the montage that was asked for."""
    real_ids, real = read_images(given.real)
    ids, simulated = read_images(given.simulated, given.limit)
    share = (real_catalogue.loc[real_ids, "is_lens"] == 1).mean()
    rows = balanced_sample(ids, simulated_catalogue, share, np.random.default_rng(0))
    print(f"{len(real)} real, {len(rows)} simulated images of lens fraction {share:.2f}")
    tables = image_statistics(real), image_statistics(simulated[rows])
    print_distances("images", *tables)
    print("  classifier:", classifier_test(*tables))
    if given.denoised:
        tables = central_statistics(read_denoised(given.denoised)), central_statistics(simulated)
        print_distances("central galaxies of denoised cutouts", *tables)
        print("  classifier:", classifier_test(*tables))
    if given.montage:
        plot_montage(given.montage, real, simulated)


if __name__ == "__main__":
    main()
