"""Files in the challenge's own layout: FITS cutouts and the catalogue."""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from lensflow.errors import ArtifactError, CatalogueError
from lensflow.files import writing
from lensflow.simulate.bands import BANDS
from lensflow.simulate.constants import ARCSEC_IN_RADIANS, PIXEL_ARCSEC, SIZE, SKY_SIGMA_MAGGIES

PUBLIC = Path("Public/Band1")
NO_SOURCE = Path("Private/Band1/NoSourceImage")
NO_LENS = Path("Private/Band1/NoLensImage")
PART = "catalogue_part.csv"
COLUMNS = ("ID", "is_lens", "Einstein_area", "numb_pix_lensed_image", "flux_lensed_image_in_sigma")
EXTRA_COLUMNS = ("impostor", "rarity")
"""Columns that follow where a population has impostors or rare objects: which an object is."""

COMMENTS = (
    "  FITS (Flexible Image Transport System) format is defined in 'Astronomy",
    "  and Astrophysics', volume 376, page 359; bibcode: 2001A&A...376..359H",
)
BLOCK = 2880


def cutout_name(identifier: int, band: str = "VIS") -> str:
    """Return the file name of an object."""
    return f"imageEUC_{band}-{identifier}.fits"


def public_folder(band: str) -> Path:
    """Return the folder of the public images in a band."""
    return PUBLIC.parent / f"Band{[*BANDS].index(band) + 1}"


def no_lens_folder(band: str) -> Path:
    """Return the folder of the images of sources alone in a band."""
    return NO_LENS.parents[1] / public_folder(band).name / NO_LENS.name


@cache
def header_bytes() -> bytes:
    """Return the header block that every cutout shares, with the challenge's cards."""
    from astropy.io import fits

    degrees = PIXEL_ARCSEC / 3600.0
    header = fits.PrimaryHDU(np.zeros((SIZE, SIZE), "f4")).header
    header["EXTEND"] = True
    cards = [("COMMENT", line) for line in COMMENTS]
    cards += [("WCSAXES", 2), ("CRPIX1", SIZE // 2 + 1.0), ("CRPIX2", SIZE // 2 + 1.0)]
    cards += [("CRVAL1", 0.0), ("CRVAL2", 0.0), ("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN")]
    cards += [("CUNIT1", "deg"), ("CUNIT2", "deg"), ("CDELT1", -degrees), ("CDELT2", degrees)]
    cards += [("CROTA2", 0.0), ("CD1_1", -degrees), ("CD1_2", 0.0), ("CD2_1", 0.0)]
    cards += [("CD2_2", degrees), ("NX", SIZE), ("NY", SIZE)]
    cards += [("HIERARCH range x", SIZE * PIXEL_ARCSEC * ARCSEC_IN_RADIANS, "radians")]
    cards += [("RA", 0.0, "radians"), ("DEC", 0.0, "radians")]
    for card in cards:
        header.append(card, end=True)
    return header.tostring(sep="", endcard=True, padding=True).encode("ascii")


def fits_bytes(image, sky_sigma: float = SKY_SIGMA_MAGGIES) -> bytes:
    """Return the bytes of a cutout file.

    Parameters
    ----------
    image : numpy.ndarray
        Image (101, 101) in sky sigma a pixel.
    sky_sigma : float
        That sky sigma, AB maggies.
    """
    maggies = np.multiply(image, sky_sigma, dtype="f4").astype(">f4").tobytes()
    return header_bytes() + maggies + bytes(-len(maggies) % BLOCK)


def make_folders(folder: Path, bands: Sequence[str]) -> None:
    """Make the three image folders of a shard, and the two of each band beside VIS."""
    of_bands = *map(public_folder, bands), *map(no_lens_folder, bands)
    for kind in (PUBLIC, NO_SOURCE, NO_LENS, *of_bands):
        (folder / kind).mkdir(parents=True, exist_ok=True)


def write_object(folder: Path, identifier: int, public, no_source, no_lens) -> None:
    """Write the three cutouts (sky sigma a pixel) of one object."""
    for kind, image in ((PUBLIC, public), (NO_SOURCE, no_source), (NO_LENS, no_lens)):
        _write(folder / kind / cutout_name(identifier), fits_bytes(image))


def write_other_bands(
    folder: Path,
    identifier: int,
    public: Mapping[str, np.ndarray],
    no_lens: Mapping[str, np.ndarray],
) -> None:
    """Write the two cutouts of one object in each other band (sky sigma a pixel of the band)."""
    for folder_of, images in ((public_folder, public), (no_lens_folder, no_lens)):
        for band, image in images.items():
            path = folder / folder_of(band) / cutout_name(identifier, band)
            _write(path, fits_bytes(image, BANDS[band].sky_sigma))


def _write(path: Path, content: bytes) -> None:
    """Write a cutout; not by `writing.replacing`, since so many need no time for each."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ArtifactError(writing.not_written(path, error)) from error


def catalogue_row(identifier: int, is_lens: bool, theta_e: float, no_lens, extra=()) -> tuple:
    """Return one row of the catalogue as texts.

    Parameters
    ----------
    identifier : int
        The object.
    is_lens : bool
        Whether it has a background source.
    theta_e : float
        Einstein radius, arcsec; written as an area in square radians.
    no_lens : numpy.ndarray
        Noise-free image of the lensed source, sky sigma a pixel, as it is written to disk.
    extra : iterable of str
        Texts of the extra columns.
    """
    written = np.multiply(no_lens, SKY_SIGMA_MAGGIES, dtype="f4").astype("f8") / SKY_SIGMA_MAGGIES
    bright = written[written > 1.0]
    area = np.pi * (theta_e * ARCSEC_IN_RADIANS) ** 2
    numbers = (identifier, int(is_lens), f"{area:.6g}", len(bright), f"{bright.sum():.6g}")
    return (*(str(number) for number in numbers), *extra)


def write_catalogue(path: Path, rows, extra=()) -> None:
    """Write rows under the challenge's quoted header, with extra columns after the five."""
    header = ",".join(f'"{column}"' for column in (*COLUMNS, *extra))
    lines = [header, *(",".join(row) for row in rows)]
    writing.write_text(path, "\n".join(lines) + "\n")


def merge_catalogues(parts, out) -> int:
    """Write one catalogue, sorted by identifier, from the catalogues of all shards.

    Parameters
    ----------
    parts : iterable of path-like
        The shards' ``catalogue_part.csv``.
    out : path-like
        The ``classifications.csv`` to write.

    Returns
    -------
    int
        Number of objects.

    Raises
    ------
    CatalogueError
        If a part has other columns, or two parts hold the same object.
    """
    extras, tables = zip(*map(_read_rows, parts), strict=True)
    extra = _common_extra(extras)
    rows = sorted((row for rows in tables for row in rows), key=lambda row: int(row[0]))
    for first, second in pairwise(rows):
        if first[0] == second[0]:
            raise CatalogueError(
                f"object {first[0]} is in two parts of the simulated catalogue; every shard must "
                f"have its own identifiers: simulate again with shards that do not overlap"
            )
    write_catalogue(Path(out), rows, extra)
    return len(rows)


def _common_extra(extras):
    """Return the extra columns that all parts have, from those of each."""
    different = sorted(set(extras))
    if len(different) > 1:
        raise CatalogueError(
            f"the parts of the simulated catalogue differ in their extra columns: {different}; "
            f"they are of different populations: delete them and simulate all shards again"
        )
    return different[0]


def _read_rows(part):
    """Return the extra columns of one part, and its rows as tuples of texts."""
    with open(part, newline="", encoding="ascii") as lines:
        header, *rows = csv.reader(lines)
    extra = tuple(header[len(COLUMNS) :])
    if tuple(header[: len(COLUMNS)]) != COLUMNS or not set(extra) <= set(EXTRA_COLUMNS):
        raise CatalogueError(
            f"{part} has columns {header}, expected {list(COLUMNS)}: it was not written by "
            f"simulate_shard; delete it and simulate the shard again"
        )
    return extra, [tuple(row) for row in rows]
