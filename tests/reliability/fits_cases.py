"""A folder with a good cutout and one that a seed spoils, ingested and compared with astropy.

The good one must come through whatever lies beside it. Of the other, every pixel that is stored
must be the one that astropy reads, or it is a row of the quarantine with a reason.
"""

import csv
import gzip
import os
import random
from pathlib import Path

import numpy as np
from astropy import units as u
from astropy.io import fits

from lensflow import artifacts
from lensflow.errors import LensflowError
from lensflow.ingest import ingestion
from reliability.outcomes import QUARANTINED, RIGHT, WRONG, said

SIZE = 101
ZERO_POINTS = ("MAGZERO", "MAGZPT", "ZEROPNT")
HEADER_VALUES = (
    *(
        24.6,
        0,
        30.0,
        22.5,
        25,
        8.9,
        26.1,
        23.9,
        27.0,
        31.4,
        -9999,
        99,
        -99,
        True,
        False,
        "24.6",
        "none",
        "",
        None,
        1e300,
        10**18,
        -7.5,
    ),
    *("nan", 60.0, 60.1, -10.0, "T", complex(1, 2)),
)
SIDES = (101,) * 12 + (99, 100, 102, 150, 64, 12, 11, 10, 1, 301)
DTYPES = ("f4", "f4", "f8", "i2", "i4", "u1", "i8", "u2")
TYPES_OF_FILES = ("pipe", "folder", "device", "loop", "nowhere", "empty", "text", "zeros")
HDUS = (["VIS", "PRIMARY"], ["sci", "PRIMARY"], ["RMS", "VIS", "PRIMARY"])
NAMES = ("case.fits", "case.FITS", "case.fit", "case.fits.gz", "case.fts", "NA.fits", "é.fits")


def pixels(chance: random.Random) -> np.ndarray:
    """Return an image: sky, a source, and now and then what no image should hold."""
    shape = (chance.choice(SIDES), chance.choice(SIDES))
    draw = np.random.default_rng(chance.randrange(2**32))
    image = draw.normal(chance.choice([0, 100]), 10, shape)
    image[shape[0] // 2, shape[1] // 2] += 2000
    kind = chance.choice(["plain"] * 12 + ["nan", "nans", "inf", "huge", "tiny", "flat", "smooth"])
    if kind in ("nan", "nans"):
        share = 0.01 if kind == "nan" else 0.5
        image[draw.random(shape) < share] = np.nan
    elif kind == "inf":
        image[draw.random(shape) < 0.01] = np.inf
    elif kind in ("huge", "tiny"):
        image *= 10.0 ** chance.choice([25, 30, 36] if kind == "huge" else [-30, -40, -44])
    elif kind == "flat":
        image[:] = 7
    elif kind == "smooth":
        image = np.exp(-np.hypot(*np.indices(shape)) / chance.choice([0.5, 3, 30]))
    return _as_type(image, chance.choice(DTYPES))


def _as_type(image: np.ndarray, dtype: str) -> np.ndarray:
    if dtype.startswith("f"):
        with np.errstate(over="ignore"):
            return image.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.nan_to_num(image), limits.min, limits.max).astype(dtype)


def header_cards(chance: random.Random) -> fits.Header:
    """Return cards that change what pixels mean, or that should not."""
    header = fits.Header()
    for name in chance.sample(ZERO_POINTS, chance.choice([0, 1, 1, 2])):
        header[name] = chance.choice(HEADER_VALUES)
    if chance.random() < 0.2:
        header["BUNIT"] = chance.choice(["Jy", "adu", "nonsense"])
    if chance.random() < 0.2:
        header["HIERARCH ESO MAGZERO"] = 12.0
    if chance.random() < 0.1:
        header["EXTNAME"] = chance.choice(["VIS", "SCI", "PRIMARY"])
    if chance.random() < 0.2:
        header["COMMENT"] = "MAGZERO = 3 "
    return header


def hdu_list(chance: random.Random) -> fits.HDUList:
    """Return a file of one or several HDUs."""
    image, header = pixels(chance), header_cards(chance)
    form = chance.choice(["primary"] * 5 + ["extension", "several", "compressed", "cube", "table"])
    empty = fits.PrimaryHDU()
    if form == "primary":
        return fits.HDUList([fits.PrimaryHDU(image, header)])
    if form == "cube":
        return fits.HDUList([fits.PrimaryHDU(np.stack([image, image]), header)])
    if form == "table":
        column = fits.Column("a", "E", array=np.zeros(3))
        return fits.HDUList([empty, fits.BinTableHDU.from_columns([column])])
    if form == "compressed":
        tiles = fits.CompImageHDU(image.astype("f4"), header, quantize_level=0)
        return fits.HDUList([empty, tiles])
    extension = fits.ImageHDU(image, header, name=chance.choice(["VIS", "SCI", "vis"]))
    other = [fits.ImageHDU(pixels(chance), name="RMS")] if form == "several" else []
    return fits.HDUList([empty, *chance.sample([extension, *other], 1 + len(other))])


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """Return the bytes of a file, mostly as they are, else cut, flipped or rewritten."""
    how = chance.choice(["not"] * 10 + ["cut", "flip", "header", "scale", "size", "append"])
    spoilt = bytearray(raw)
    if how == "cut":
        return raw[: chance.randrange(len(raw))]
    if how == "append":
        return raw + chance.randbytes(chance.randrange(1, 5000))
    if how == "flip":
        spoilt[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    elif how == "header":
        place = chance.randrange(min(len(raw), 2880))
        spoilt[place : place + 1] = chance.choice([b"\0", b"\xff", b" ", b"'", b"=", b"9"])
    elif how == "scale":
        _write_card(spoilt, chance.choice(["BSCALE", "BZERO", "BLANK"]), chance)
    elif how == "size":
        _write_card(spoilt, chance.choice(["NAXIS1", "NAXIS2", "BITPIX", "NAXIS"]), chance)
    return bytes(spoilt)


def _write_card(raw: bytearray, name: str, chance: random.Random) -> None:
    """Write a card over the one of its name, else over the end of the header."""
    value = chance.choice(["0", "-1", "2", "1E999", "NAN", "T", "99999999", "16", "-32", "'a'"])
    card = f"{name:<8}= {value:>20}".ljust(80).encode()
    place = raw.find(f"{name:<8}=".encode())
    end = raw.find(b"END" + b" " * 77)
    if place < 0 and end % 2880 < 2800:
        raw[end + 80 : end + 160] = raw[end : end + 80]
        place = end
    if place >= 0:
        raw[place : place + 80] = card


def write_case(folder: Path, chance: random.Random) -> str:
    """Write the good cutout and the other one; return the other's name."""
    good = np.random.default_rng(7).normal(0, 1, (SIZE, SIZE)).astype("f4")
    fits.PrimaryHDU(good).writeto(folder / "good.fits")
    name = chance.choice(NAMES)
    path = folder / name
    if chance.random() < 0.06:
        _write_no_fits(path, chance.choice(TYPES_OF_FILES))
        return name
    whole = folder / "whole"
    hdu_list(chance).writeto(whole, output_verify="silentfix")
    raw = damaged(whole.read_bytes(), chance)
    whole.unlink()
    path.write_bytes(gzip.compress(raw, mtime=0) if name.endswith("gz") else raw)
    return name


def _write_no_fits(path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind in ("device", "loop", "nowhere"):
        path.symlink_to({"device": "/dev/zero", "loop": path, "nowhere": "gone"}[kind])
    else:
        path.write_bytes({"empty": b"", "text": b"no image\n" * 999, "zeros": bytes(40_000)}[kind])


def settings(chance: random.Random) -> dict:
    """Return how the dataset is configured."""
    return {
        "kind": "fits",
        "shards": 1,
        "max_quarantine_fraction": 0.9,
        "hdus": chance.choice([None, None, None, *HDUS]),
        "zero_point": chance.choice([None, None, 24.6, 0.0]),
        "state": chance.choice(["raw", "raw", "raw", "denoised"]),
    }


def by_astropy(path: Path, dataset: dict) -> np.ndarray:
    """Return the pixels (float32) that astropy reads, scaled by the zero point, as a stamp."""
    with fits.open(path, memmap=False) as file:
        hdu = _chosen(file, dataset["hdus"])
        data, header = np.asarray(hdu.data), hdu.header
    if dataset["state"] == "denoised":
        return data.astype("f4")
    zero_point = _zero_point(header, dataset["zero_point"])
    return data.astype("f4") * np.float32(10 ** (-0.4 * zero_point))


def _zero_point(header: fits.Header, configured: float | None) -> float:
    """Return the first zero point that a header has, else that of its unit, else another."""
    values = [header[name] for name in ZERO_POINTS if name in header]
    known = [value for value in values if not isinstance(value, fits.card.Undefined | None)]
    by_unit = [(1 * u.Jy).to_value(u.ABmag)] if header.get("BUNIT") == "Jy" else []
    # What stands after the first counts for nothing, and need be no number.
    return float([*known, *by_unit, configured or 0.0][0])


def _chosen(file: fits.HDUList, names: list[str] | None):
    if names is None:
        # What follows the first image may be anything.
        if _has_image(file[0]) and len(file[0].shape) == 2:
            return file[0]
        return next(hdu for hdu in file if _has_image(hdu) and len(hdu.shape) == 2)
    for name in (name.upper() for name in names):
        for place, hdu in enumerate(file):
            is_primary = name == "PRIMARY" and place == 0
            if _has_image(hdu) and (hdu.name.upper() == name or is_primary):
                return hdu
    raise LookupError(names)


def _has_image(hdu) -> bool:
    return bool(hdu.is_image and hdu.shape and 0 not in hdu.shape)


def placed(stamp: np.ndarray) -> np.ndarray:
    """Put a stamp's central pixel at that of a square of NaN, by indices alone."""
    square = np.full((SIZE, SIZE), np.nan, "f4")
    rows, columns = (np.arange(SIZE) - SIZE // 2 + length // 2 for length in stamp.shape)
    y, x = ((n >= 0) & (n < length) for n, length in zip((rows, columns), stamp.shape, strict=True))
    square[np.ix_(y, x)] = stamp[np.ix_(rows[y], columns[x])]
    return square


def run(seed: int, folder: Path) -> tuple[str, str]:
    """Make a case, ingest it, and say what became of it."""
    chance = random.Random(f"fits {seed}")
    (folder / "data").mkdir()
    name = write_case(folder / "data", chance)
    dataset = settings(chance)
    try:
        flux, reasons = _ingest(folder, dataset | {"pattern": None})
    except LensflowError as error:
        return said(error)
    if "good" not in flux:
        return WRONG, f"the good cutout is gone: {reasons}"
    stem = name.split(".")[0]
    if name in reasons and stem not in flux:
        return (QUARANTINED, reasons[name]) if len(reasons[name]) > 10 else (WRONG, "no reason")
    if stem not in flux:
        is_folder = (folder / "data" / name).is_dir()
        return (RIGHT, "a folder is none") if is_folder else (WRONG, "lost without a word")
    return compared(flux[stem], folder / "data" / name, dataset)


def compared(flux: np.ndarray, path: Path, dataset: dict) -> tuple[str, str]:
    """Compare stored pixels with astropy's; what is missing there may be any finite number."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            expected = placed(by_astropy(path, dataset))
    except Exception as error:  # damaged files raise almost anything
        return WRONG, f"taken, though astropy cannot read it: {error!r}"
    known = np.isfinite(expected)
    if not np.isfinite(flux).all():
        return WRONG, "pixels that are not finite"
    if not np.array_equal(flux[known], expected[known]):
        return WRONG, f"{np.count_nonzero(flux[known] != expected[known])} pixels differ"
    return RIGHT, ""


def _ingest(folder: Path, dataset: dict) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return the stored images by identifier and the reasons by file."""
    names = ("manifest.h5", "listing.csv", "shard.h5", "shard.csv", "index.h5", "quarantine.csv")
    manifest, listing, shard, part, index, merged = (folder / name for name in names)
    ingestion.build_manifest("d", dataset, folder / "data", manifest, listing)
    ingestion.ingest_shard("d", dataset, folder / "data", 0, manifest, shard, part, seed=1)
    ingestion.build_index("d", dataset, [shard], [listing, part], index, merged)
    with artifacts.open(shard, "images") as file:
        ids, flux = artifacts.read_strings(file, "id"), artifacts.read(file, "flux")
    with open(merged, newline="", encoding="utf-8") as file:
        reasons = {row["path"]: row["reason"] for row in csv.DictReader(file)}
    return dict(zip(ids, flux, strict=True)), reasons
