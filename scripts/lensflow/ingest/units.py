"""The unit of an image: its magnitude zero point, and what contradicts the configuration.

AB magnitudes: a flux f in maggies is of magnitude -2.5 log10(f); 1 Jy is of magnitude 8.90. Zero
points come from MAGZERO, MAGZPT, ZEROPNT or FLUXMAG0 (the counts of magnitude 0), or from the unit
in BUNIT. A unit without a flux of its own (adu, electrons, counts, or one that is not known) needs
a zero point beside it, or the flux stays in counts.
"""

import functools
import logging
import math
import warnings
from collections.abc import Mapping

import numpy as np

from lensflow.errors import CutoutError
from lensflow.ingest.headers import Header

ZERO_POINT_KEYWORDS = ("MAGZERO", "MAGZPT", "ZEROPNT")
AB_JANSKY = 10 ** (8.90 / 2.5)
"""Janskys of magnitude 0."""

TOLERANCE = 0.02
"""Magnitudes between two zero points that count as one: 8.90 and 8.906 are both 1 Jy."""

ADVICE = "give the flux itself, or write state: normalised where that is what there is"

LINEAR = ("", "none", "no", "raw", "linear", "lin")
"""Values of STRETCH, in lower case, that leave the flux as it is."""

MAGGIES = {"maggy": 1.0, "mgy": 1.0, "nanomaggy": 1e-9, "nmgy": 1e-9, "maggies": 1.0}
MAGGIES["nanomaggies"] = 1e-9

logger = logging.getLogger(__name__)


def header_zero_point(header: Header) -> float | None:
    """Return the zero point that a header says, in its own card or by its unit.

    Raises
    ------
    CutoutError
        When the card and the unit contradict each other.
    """
    names = (*ZERO_POINT_KEYWORDS, "FLUXMAG0")
    card = next((name for name in names if header.values.get(name) is not None), None)
    unit, by_unit = header.text("BUNIT"), unit_zero_point(header.text("BUNIT"))
    if card is None:
        return by_unit
    value = header.number(card)
    if value is None:
        raise CutoutError(
            f"its zero point is no number: {card} = {header.values[card]!r}; mend or remove that "
            "card"
        )
    if card == "FLUXMAG0":
        if value <= 0:
            raise CutoutError(f"FLUXMAG0 is {value}; the counts of magnitude 0 are positive")
        value = 2.5 * math.log10(value)
    if by_unit is not None and abs(by_unit - value) > TOLERANCE:
        raise CutoutError(
            f"the header contradicts itself: {card} is a zero point of {value:.4g} and BUNIT is "
            f"{unit!r}, of {by_unit:.4g}; mend the header, or leave out the dataset"
        )
    return value


def zero_point(header: Header, configured: float | None) -> float | None:
    """Return the zero point of an image: the header's, else the configured one, else None.

    Raises
    ------
    CutoutError
        When BUNIT is a unit of flux of another zero point than the configured one.
    """
    own = header_zero_point(header)
    unit = header.text("BUNIT")
    by_unit = unit_zero_point(unit)
    if by_unit is not None and configured is not None and abs(by_unit - configured) > TOLERANCE:
        raise CutoutError(
            f"BUNIT contradicts zero_point: BUNIT is {unit!r}, of zero point {by_unit:.4g}, and "
            f"the configuration says zero_point: {configured:g}; write zero_point: {by_unit:.4g}, "
            "or leave it out: the header is enough"
        )
    return preferred(own, configured)


def preferred(own: float | None, configured: float | None) -> float | None:
    """Return the zero point of a header, else the configured one; that they differ is told once."""
    if own is None:
        return configured
    if configured is not None and abs(own - configured) > TOLERANCE:
        _tell_unused(configured)
    return own


@functools.cache
def _tell_unused(configured: float) -> None:
    logger.warning(
        "zero_point: %g is not used for images whose headers have another one of their own; leave "
        "it out, or mend the headers",
        configured,
    )


@functools.lru_cache(maxsize=256)
def unit_zero_point(unit: str) -> float | None:
    """Return the AB magnitude of one ``unit`` of flux; None where it is no unit of flux."""
    number, _, name = unit.rpartition(" ")
    if (plain := MAGGIES.get(name.lower())) is not None and not number:
        return 0.0 - 2.5 * math.log10(plain)
    jansky = _jansky(unit)
    return None if jansky is None else 2.5 * math.log10(AB_JANSKY / jansky)


def _jansky(unit: str) -> float | None:
    # Imported when needed: most files have no unit.
    from astropy import units

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = units.Unit(unit, parse_strict="raise") if unit else units.Unit("")
            return float(parsed.to(units.Jy))
    except (ValueError, TypeError, units.UnitsError):
        return None


def check_not_normalised(header: Header, dtype: np.dtype) -> None:
    """Refuse an image that is stretched or normalised: it has no flux any more.

    Parameters
    ----------
    header : Header
    dtype : dtype
        Of the pixels as stored.

    Raises
    ------
    CutoutError
        When the header says STRETCH, or the pixels are of 8 bits.
    """
    if (stretch := header.text("STRETCH")).lower() not in LINEAR:
        raise CutoutError(f"the image is normalised: its header says STRETCH {stretch!r}; {ADVICE}")
    if np.dtype(dtype).itemsize == 1:
        raise CutoutError(f"the image is normalised: its pixels are of 8 bits; {ADVICE}")


def normalised_values(pixels: np.ndarray) -> str | None:
    """Return why an image cannot be flux by its values; None where it can."""
    if fills_unit_interval(pixels):
        return f"the image is normalised: its values fill [0, 1]; {ADVICE}"
    return None


def fills_unit_interval(pixels: np.ndarray) -> bool:
    """Say whether values are from 0 or more to 0.5 or more, but not above 1.

    Flux has a sky with noise on both sides of 0, or counts far above 1.
    """
    # Not a number where it is missing, and that does not count.
    low, high = (
        reduce(pixels, axis=None, initial=0) for reduce in (np.fmin.reduce, np.fmax.reduce)
    )
    return bool(0.5 <= high <= 1 and low >= 0)


def header_of_attributes(attributes: Mapping[str, object]) -> Header:
    """Return the header that attributes of an array amount to: its BUNIT, units or zero point."""
    values = {str(name).upper(): value for name, value in attributes.items()}
    values.setdefault("BUNIT", values.get("UNITS", values.get("UNIT", "")))
    plain = {name: _plain(value) for name, value in values.items()}
    return Header(plain)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if isinstance(value, np.generic) else value
