"""Where images are on the sky: ICRS, in degrees, from the WCS, from target cards or a catalogue.

The position of an image is that of its central pixel (number n // 2 of n, counted from 0), where it
comes from the WCS. Beside it goes the WCS around that pixel: a tangential projection there. What is
not known is NaN. A WCS or a card that says exactly (0, 0) is a placeholder, as in the files of the
Lens Finding Challenge, and no position.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lensflow.ingest.headers import MATRIX, TARGET_CARDS, Header
from lensflow.ingest.names import column_called

# The rules read what imports this whenever Snakemake starts: what is slow to import comes later.
if TYPE_CHECKING:
    import pandas as pd

    from lensflow.artifacts import Writer

SOURCES = ("wcs", "header", "catalogue")
"""Where a position comes from, in order of preference unless configured."""

NAMES = (
    ("ra", "dec"),
    ("right_ascension", "declination"),
    ("target_ra", "target_dec"),
    ("alpha_j2000", "delta_j2000"),
    ("raj2000", "dej2000"),
)
"""Names of the columns of a position in a catalogue, in lower case."""

SCALE_TOLERANCE = 0.02
"""Relative difference between two pixel scales that may stand in headers and configuration."""

STEP = 16.0
"""Pixels over which the direction of an image's axes is measured."""

_PLAIN = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}
_DISTORTION = ("A_ORDER", "B_ORDER", "CPDIS1", "CPDIS2", "PV1_1", "PV2_1", "PV2_2")
_WCS_TEXT = "position of the central pixel, then the matrix CD1_1, CD1_2, CD2_1, CD2_2 there"


@dataclass(frozen=True)
class Positions:
    """Positions of n images, NaN where unknown.

    Attributes
    ----------
    sky : ndarray of shape (n, 2)
        Right ascension and declination of the objects (degrees, ICRS).
    wcs : ndarray of shape (n, 6)
        Right ascension and declination of the central pixel (degrees), then the matrix of the
        tangential projection around it (degrees a pixel): CD1_1, CD1_2, CD2_1, CD2_2.
    """

    sky: np.ndarray
    wcs: np.ndarray

    def __getitem__(self, rows) -> "Positions":
        return Positions(self.sky[rows], self.wcs[rows])


def unknown(n: int) -> Positions:
    """Return the positions of n images of which none is known."""
    return Positions(np.full((n, 2), np.nan), np.full((n, 6), np.nan))


def of_header(header: Header, shape: tuple[int, int]) -> np.ndarray:
    """Return what a header says of the position of an image.

    Parameters
    ----------
    header : Header
    shape : (int, int)
        Height and width of the image, in pixels.

    Returns
    -------
    ndarray of shape (8,)
        Right ascension and declination of the target cards, then a row of `Positions.wcs`.
    """
    sky_of = sky_of_pixels(header)
    row = np.full(8, np.nan)
    row[:2] = _target(header, sky_of)
    if sky_of is not None:
        row[2:] = local_wcs(sky_of, np.array([shape[1] // 2]), np.array([shape[0] // 2]))[0]
    return row


def choose(rows: np.ndarray, order: Sequence[str], table: "pd.DataFrame") -> Positions:
    """Choose among what headers and the catalogue say.

    Parameters
    ----------
    rows : ndarray of shape (n, 8)
        From `of_header`.
    order : sequence of str
        Which of `SOURCES` to ask, in order of preference; none, and no position is known.
    table : DataFrame of n rows
        The catalogue.
    """
    found = {"header": rows[:, :2], "wcs": rows[:, 2:4], "catalogue": of_table(table)}
    sky = np.full((len(rows), 2), np.nan)
    for source in order:
        is_missing = np.isnan(sky).any(axis=1)
        sky[is_missing] = found[source][is_missing]
    sky[np.isnan(sky).any(axis=1)] = np.nan
    return Positions(sky, rows[:, 2:] if order else np.full((len(rows), 6), np.nan))


def of_table(table: "pd.DataFrame", names: tuple[str, str] | None = None) -> np.ndarray:
    """Return the positions (n, 2) in a catalogue, NaN where it has none that can be one.

    Parameters
    ----------
    table : DataFrame
    names : (str, str), optional
        Its columns; None looks for `NAMES`.
    """
    import pandas as pd

    names = names or position_columns(table)
    if names is None:
        return np.full((len(table), 2), np.nan)
    columns = [pd.to_numeric(table[name], errors="coerce").to_numpy(float) for name in names]
    sky = np.stack(columns, axis=1)
    # What is no angle stands for an unknown one, such as 99999.
    is_bad = ~np.isfinite(sky).all(axis=1) | (np.abs(sky) > [360, 90]).any(axis=1)
    sky[is_bad] = np.nan
    return sky


def position_columns(columns: "Sequence[str] | pd.DataFrame") -> tuple[str, str] | None:
    """Return the names of the columns of right ascension and declination; None where none are.

    Raises
    ------
    CatalogueError
        When two columns of such a name differ by upper and lower case alone.
    """
    for pair in NAMES:
        found = [column_called(columns, [name]) for name in pair]
        if None not in found:
            return found[0], found[1]
    return None


def append(writer: "Writer", n_before: int, positions: Positions) -> None:
    """Add the positions of some rows to a file; its columns begin with the first that is known."""
    values = {"ra": positions.sky[:, 0], "dec": positions.sky[:, 1], "wcs": positions.wcs}
    _append(writer, n_before, values)


def append_sky(writer: "Writer", n_before: int, sky: np.ndarray) -> None:
    """Add right ascensions and declinations (n, 2) alone; see `append`."""
    _append(writer, n_before, {"ra": sky[:, 0], "dec": sky[:, 1]})


def _append(writer: "Writer", n_before: int, values: Mapping[str, np.ndarray]) -> None:
    texts = {"ra": "right ascension, ICRS", "dec": "declination, ICRS", "wcs": _WCS_TEXT}
    for name, rows in values.items():
        if name not in writer.file:
            if not np.isfinite(rows).any():
                continue
            shape = (0, *rows.shape[1:])
            writer.growable(name, shape, np.float64, "deg", texts[name])
            writer.append(name, np.full((n_before, *rows.shape[1:]), np.nan))
        writer.append(name, rows)


# --- the WCS --------------------------------------------------------------------------------------


def sky_of_pixels(header: Header):
    """Return the function from pixels (x, y), counted from 0, to sky (n, 2); None without a WCS."""
    if not header.text("CTYPE1") or not header.text("CTYPE2"):
        return None
    if header.number("CRVAL1") in (0.0, None) and header.number("CRVAL2") in (0.0, None):
        return None
    parameters = _tangential(header)
    if parameters is None:
        return _by_astropy(header)
    return lambda x, y: deproject(parameters, np.asarray(x, float), np.asarray(y, float))


def pixel_scales(wcs: np.ndarray) -> np.ndarray:
    """Return the side of the pixels (arcsec, shape (...)) by rows of `Positions.wcs`, (..., 6)."""
    a, b, c, d = np.moveaxis(wcs[..., 2:], -1, 0)
    return 3600.0 * np.sqrt(np.abs(a * d - b * c))


def local_wcs(sky_of, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the tangential projections around pixels (n,): rows of `Positions.wcs`."""
    steps = STEP * np.array([[0, 1, 0, -1, 0], [0, 0, 1, 0, -1]])
    columns, rows = (
        np.asarray(axis, float)[:, None] + step for axis, step in zip((x, y), steps, strict=True)
    )
    points = sky_of(columns.ravel(), rows.ravel()).reshape(len(columns), 5, 2)
    offsets = project(points[:, :1], points)
    sides = np.stack([offsets[:, 1] - offsets[:, 3], offsets[:, 2] - offsets[:, 4]], axis=2)
    return np.concatenate([points[:, 0], sides.reshape(-1, 4) / (2 * STEP)], axis=1)


def project(centre: np.ndarray, sky: np.ndarray) -> np.ndarray:
    """Return the tangential offsets (..., 2) of positions from centres, in degrees.

    Calabretta & Greisen (2002), section 5.1.3.
    """
    (ra0, dec0), (ra, dec) = (np.moveaxis(np.radians(part), -1, 0) for part in (centre, sky))
    cosine = np.sin(dec0) * np.sin(dec) + np.cos(dec0) * np.cos(dec) * np.cos(ra - ra0)
    east = np.cos(dec) * np.sin(ra - ra0)
    north = np.cos(dec0) * np.sin(dec) - np.sin(dec0) * np.cos(dec) * np.cos(ra - ra0)
    return np.degrees(np.stack([east, north], axis=-1) / cosine[..., None])


def deproject(parameters: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the sky (n, 2) of pixels of a tangential projection.

    Parameters
    ----------
    parameters : ndarray of shape (8,)
        CRPIX1, CRPIX2 (counted from 1), CRVAL1, CRVAL2 (degrees), and the matrix (degrees a pixel).
    x, y : ndarray of shape (n,)
        Pixels, counted from 0.
    """
    crpix, (ra0, dec0), matrix = parameters[:2], np.radians(parameters[2:4]), parameters[4:]
    dx, dy = x + 1 - crpix[0], y + 1 - crpix[1]
    east = np.radians(matrix[0] * dx + matrix[1] * dy)
    north = np.radians(matrix[2] * dx + matrix[3] * dy)
    depth = np.cos(dec0) - north * np.sin(dec0)
    ra = ra0 + np.arctan2(east, depth)
    dec = np.arctan2(np.sin(dec0) + north * np.cos(dec0), np.hypot(east, depth))
    return np.degrees(np.stack([ra % (2 * np.pi), dec], axis=1))


def _tangential(header: Header) -> np.ndarray | None:
    """Return the parameters of `deproject`; None where the header says more than they can."""
    is_plain = all(header.text(key) == text for key, text in _PLAIN.items()) and not any(
        key in header.values for key in _DISTORTION
    )
    is_icrs = header.text("RADESYS") == "ICRS" or not (
        {"RADESYS", "RADECSYS", "EQUINOX"} & set(header.values)
    )
    in_degrees = all(header.text(f"CUNIT{axis}") in ("", "deg") for axis in (1, 2))
    is_turned = header.number("LONPOLE") not in (None, 180.0) or header.number("CROTA2")
    if not (is_plain and is_icrs and in_degrees) or is_turned:
        return None
    matrix = _matrix(header)
    centre = [header.number(key) for key in ("CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2")]
    # At a pole the default of LONPOLE is another.
    if matrix is None or None in centre or abs(centre[3]) == 90:
        return None
    return np.array([*centre, *matrix])


def _matrix(header: Header) -> list[float] | None:
    """Return the matrix from pixels to degrees; None without one, or with two that differ."""
    by_cd = [header.number(f"CD{pair}") for pair in MATRIX]
    by_pc = [header.number(f"PC{pair}") for pair in MATRIX]
    has_cd, has_pc = (any(value is not None for value in part) for part in (by_cd, by_pc))
    step = [header.number(f"CDELT{axis}") for axis in (1, 2)]
    cd = [value or 0.0 for value in by_cd]
    if has_cd and not has_pc:
        return cd
    if None in step:
        return None
    unity = (1.0, 0.0, 0.0, 1.0)
    pc = [default if value is None else value for value, default in zip(by_pc, unity, strict=True)]
    scaled = [pc[0] * step[0], pc[1] * step[0], pc[2] * step[1], pc[3] * step[1]]
    return scaled if not has_cd or np.allclose(scaled, cd, rtol=1e-9, atol=0) else None


def _by_astropy(header: Header):
    from astropy.wcs import WCS
    from astropy.wcs.utils import wcs_to_celestial_frame

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wcs = WCS(header.as_astropy()).celestial
            frame = wcs_to_celestial_frame(wcs).name if wcs.naxis == 2 else ""
        except Exception:  # a damaged WCS raises almost anything; the image is there all the same
            return None
    if not frame:
        return None

    def sky_of(x, y):
        if frame == "icrs":
            return wcs.all_pix2world(np.stack([x, y], axis=1), 0)
        place = wcs.pixel_to_world(x, y).icrs
        return np.stack([place.ra.deg, place.dec.deg], axis=1)

    return sky_of


# --- target cards ---------------------------------------------------------------------------------


def _target(header: Header, sky_of) -> tuple[float, float]:
    """Return the target's position: its pixel in the WCS, else that of the cards; or NaN."""
    pixel = header.number("TARGETX"), header.number("TARGETY")
    if None not in pixel and sky_of is not None:
        return tuple(sky_of(np.array([pixel[0]]), np.array([pixel[1]]))[0])
    for names in TARGET_CARDS:
        if all(name in header.values for name in names):
            return _position(header, names)
    return np.nan, np.nan


def _position(header: Header, names: tuple[str, str]) -> tuple[float, float]:
    """Read two cards: degrees, or texts with colons in hours and degrees."""
    if any("rad" in header.comments.get(name, "").lower() for name in names):
        return np.nan, np.nan
    numbers = [header.number(name) for name in names]
    if None in numbers:
        numbers = _sexagesimal(*(header.text(name) for name in names))
    ra, dec = numbers
    is_position = -360 <= ra <= 360 and -90 <= dec <= 90 and (ra, dec) != (0, 0)
    return (ra % 360, dec) if is_position else (np.nan, np.nan)


def _sexagesimal(ra: str, dec: str) -> tuple[float, float]:
    from astropy.coordinates import SkyCoord

    try:
        unit = ("hourangle", "deg") if ":" in ra else ("deg", "deg")
        place = SkyCoord(ra, dec, unit=unit)
    except ValueError:
        return np.nan, np.nan
    return float(place.ra.deg), float(place.dec.deg)
