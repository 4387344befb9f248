"""How fast stamps come out of a mosaic, beside astropy's Cutout2D, and in what memory.

Run alone: ``python tests/benchmarks/bench_mosaic.py [--long]``. Both cut the same objects out of
the same file, mapped into memory, with the WCS of every stamp, on one core with the file in the
page cache. Then a whole shard is measured: cut, sky, checks and HDF5. Last, one catalogue for
16 tiles of 19,200 pixels is sorted onto them, with half of its objects on none.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from rows import row

SIZE = 101
ROUNDS = 3
SCALE = 0.1 / 3600
CATALOGUES = {False: (10**5, 10**6), True: (10**6, 10**7)}
"""Objects of a catalogue for all tiles, in the short and the long form."""


def run(long: bool = False) -> list[dict]:
    """Return rows of `rows.row`."""
    side, n_objects = (19_200, 20_000) if long else (4_600, 2_000)
    with tempfile.TemporaryDirectory() as folder:
        listed = [list_objects(Path(folder), n) for n in CATALOGUES[long]]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_tile(folder / "data/tile.fits", side)
        pixels = np.random.default_rng(2).uniform(60, side - 60, (n_objects, 2))
        write_catalogue(folder / "c.csv", side, pixels)
        ours = n_objects / best(lambda: cut_all(folder / "data/tile.fits", pixels))
        few = pixels[:500]
        peer = len(few) / best(lambda: cutout2d(folder / "data/tile.fits", few))
        shard = n_objects / best(lambda: ingest(folder, 1))
        memory = [peak_memory(folder, parts) for parts in (10, 1)]
    return [
        row("stamps from a mosaic, one core, over Cutout2D", "stamps/CPU s", ours, peer, 10.0),
        row("mosaic to HDF5, one core, over Cutout2D", "stamps/CPU s", shard, peer),
        row(
            "memory of all objects over that of a tenth", "MB", memory[1], memory[0], 1.2, "at most"
        ),
        row("catalogue sorted onto tiles, one core", "objects/CPU s", listed[1][0]),
        row(
            f"memory of a catalogue of {CATALOGUES[long][1]:,} over that of a tenth",
            *("MB", listed[1][1], listed[0][1], 1.2, "at most"),
        ),
    ]


def best(function) -> float:
    """Return the shortest processor time of a call."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        function()
        seconds.append(time.process_time() - start)
    return min(seconds)


def make_wcs(side: int):
    """Return the WCS of the tile."""
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.radesys = ["RA---TAN", "DEC--TAN"], [150.0, 2.0], "ICRS"
    wcs.wcs.crpix, wcs.wcs.cdelt = [side / 2, side / 2], [-SCALE, SCALE]
    return wcs


def write_tile(path: Path, side: int) -> None:
    """Write a tile of noise, a strip of rows at a time."""
    from astropy.io import fits

    path.parent.mkdir(parents=True)
    header = fits.PrimaryHDU(np.zeros((1, 1), "f4"), make_wcs(side).to_header()).header
    header["NAXIS1"] = header["NAXIS2"] = side
    stream = fits.StreamingHDU(path, header)
    random = np.random.default_rng(1)
    for start in range(0, side, 200):
        stream.write(random.standard_normal((min(200, side - start), side), np.float32))
    stream.close()


def write_catalogue(path: Path, side: int, pixels: np.ndarray) -> None:
    """Write the catalogue of objects at some pixels."""
    import pandas as pd

    ra, dec = make_wcs(side).all_pix2world(pixels, 0).T
    ids = np.arange(len(pixels)) + 10**6
    table = pd.DataFrame({"id": ids, "ra": ra, "dec": dec})
    table.to_parquet(path) if path.suffix == ".parquet" else table.to_csv(path, index=False)


def cut_all(path: Path, pixels: np.ndarray) -> float:
    """Cut every stamp, in the order of the file."""
    from lensflow.ingest.planes import Plane, read_header
    from lensflow.ingest.stamps import Planes, cut
    from lensflow.ingest.tiles import Tile

    header, _, shape = read_header(path, None)
    tile = Tile("t", "tile.fits", "", "", header.tostring(), shape)
    planes = Planes(Plane(path, None, len(pixels), SIZE), None, None, None)
    ordered = pixels[np.argsort(pixels[:, 1])]
    total = 0.0
    for start in range(0, len(ordered), 60):
        for stamp in cut(tile, planes, ordered[start : start + 60], SIZE, None):
            total += float(stamp.pixels[0, 0])
    planes.close()
    return total


def cutout2d(path: Path, pixels: np.ndarray) -> float:
    """Do the same with astropy, one object after the other."""
    from astropy.io import fits
    from astropy.nddata import Cutout2D
    from astropy.wcs import WCS

    total = 0.0
    with fits.open(path, memmap=True) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wcs = WCS(file[0].header)
        for place in pixels[np.argsort(pixels[:, 1])]:
            stamp = Cutout2D(file[0].data, tuple(place), SIZE, wcs, mode="partial", copy=True)
            total += float(stamp.data.astype("f4")[0, 0])
    return total


def build(folder: Path, pattern: str, catalogue: str, parts: int) -> dict:
    """List a dataset as the workflow does; return it."""
    from lensflow.ingest import ingestion

    dataset = {
        "kind": "mosaic", "pattern": pattern, "catalogue": str(folder / catalogue),
        "columns": {}, "keep": [], "pixel_scale": None, "shards": parts,
    }  # fmt: skip
    paths = (folder / "data", folder / "manifest.h5", folder / "l.csv")
    ingestion.build_manifest("b", dataset, *paths)
    return dataset


def ingest(folder: Path, parts: int) -> None:
    """Do what the workflow does for the first of some shards."""
    from lensflow.ingest import ingestion

    dataset = build(folder, "tile.fits", "c.csv", parts)
    paths = (folder / "manifest.h5", folder / "shard.h5", folder / "q.csv")
    ingestion.ingest_shard("b", dataset, folder / "data", 0, *paths, 1)


def peak_memory(folder: Path, parts: int) -> float:
    """Return the peak memory (MB) of a process of its own that ingests one of some shards."""
    return alone("--memory", folder, parts)[1]


def list_objects(folder: Path, n_objects: int) -> tuple[float, float]:
    """Return how many objects a second a process sorts onto tiles, and its peak memory (MB)."""
    n_side, side = 4, 19_200
    wcs = make_wcs(n_side * side)
    if not (folder / "data").is_dir():
        (folder / "data").mkdir()
        for row, column in np.ndindex(n_side, n_side):
            write_empty(folder / f"data/TILE{row}{column}.fits", wcs, side, row, column)
    # Twice the area of the tiles.
    pixels = np.random.default_rng(3).uniform(0, (1, 2), (n_objects, 2)) * n_side * side
    write_catalogue(folder / "c.parquet", n_side * side, pixels)
    seconds, memory = alone("--list", folder, n_objects)
    return n_objects / seconds, memory


def write_empty(path: Path, wcs, side: int, row: int, column: int) -> None:
    """Write a tile that is a part of a plane: its header, and a hole for its pixels."""
    from astropy.io import fits

    header = fits.PrimaryHDU(np.zeros((1, 1), "f4"), wcs.to_header()).header
    header["NAXIS1"] = header["NAXIS2"] = side
    header["CRPIX1"] -= column * side
    header["CRPIX2"] -= row * side
    path.write_bytes(header.tostring().encode())
    blocks = -(-4 * side**2 // fits.header.BLOCK_SIZE)
    os.truncate(path, path.stat().st_size + blocks * fits.header.BLOCK_SIZE)


def alone(*command: object) -> tuple[float, float]:
    """Return processor seconds and peak memory (MB) of a part in a process of its own."""
    arguments = [sys.executable, __file__, *map(str, command)]
    printed = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    seconds, memory = printed.split()
    return float(seconds), float(memory)


def do_part(name: str, folder: Path, number: int) -> None:
    """Do a part, and print what `alone` reads."""
    start = time.process_time()
    ingest(folder, number) if name == "--memory" else build(folder, "TILE*.fits", "c.parquet", 16)
    print(time.process_time() - start, own_peak())


def own_peak() -> float:
    """Return the peak memory (MB) of this program; that of getrusage holds its parent's too."""
    (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(line) / 1024


if __name__ == "__main__":
    if sys.argv[1:2] in (["--memory"], ["--list"]):
        do_part(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    else:
        print(json.dumps(run(long="--long" in sys.argv), indent=1))
