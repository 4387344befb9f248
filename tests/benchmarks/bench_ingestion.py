"""How fast cutouts go from FITS to HDF5, against an astropy loop and against the bare bytes.

Run alone: ``python tests/benchmarks/bench_ingestion.py [--long]``. All three read the same files on
one core and write the same pixels with the same chunks. CPU seconds are taken with the files in the
page cache, so that the disk's own speed is out of them; wall seconds with the files on the disk
alone, until what is written is there too.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
from astropy.io import fits

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from rows import row

from lensflow.artifacts.layout import CHUNK_BYTES
from lensflow.ingest import ingestion
from lensflow.ingest.sky import sky_sigma

DATASET = {"kind": "challenge1", "shards": 1}
SIZE = 101
ROUNDS = 3


def run(long: bool = False) -> list[dict]:
    """Return rows of `rows.row`."""
    n_images = 20_000 if long else 3_000
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        paths = write_files(folder / "data", n_images)
        manifest = folder / "manifest.h5"
        ingestion.build_manifest("b", DATASET, folder / "data", manifest, folder / "q.csv")
        images = folder / "images.h5"
        peers = {
            "ours": lambda: ingest(folder, manifest, images),
            "astropy": lambda: astropy_loop(paths, images),
            "bytes": lambda: bare_bytes(paths, images),
        }
        in_memory = best_of(peers, images, lambda: None, cpu_seconds)
        del peers["astropy"]
        on_disk = best_of(peers, images, lambda: leave_memory(paths), disk_seconds)
    cpu, disk = (
        {name: n_images / seconds[name] for name in seconds} for seconds in (in_memory, on_disk)
    )
    alone = "over reading bytes and writing HDF5 alone"
    unit = "images/CPU s"
    return [
        row("FITS to HDF5, one core, over an astropy loop", unit, cpu["ours"], cpu["astropy"], 8.0),
        row(f"FITS to HDF5, {alone}", unit, cpu["ours"], cpu["bytes"], 0.5),
        row(f"FITS to HDF5, disk to disk, {alone}", "images/s", disk["ours"], disk["bytes"], 0.5),
    ]


def best_of(peers: dict, images: Path, before, seconds_of) -> dict[str, float]:
    """Return the shortest time of each, taken in turns so that a busy machine hits all alike."""
    seconds = dict.fromkeys(peers, np.inf)
    for _ in range(ROUNDS):
        for name, function in peers.items():
            images.unlink(missing_ok=True)
            before()
            seconds[name] = min(seconds[name], seconds_of(function, images))
    return seconds


def cpu_seconds(function, images: Path) -> float:
    """Return the processor's time of a call."""
    start = time.process_time()
    function()
    return time.process_time() - start


def disk_seconds(function, images: Path) -> float:
    """Return the wall time of a call until the file it writes is on the disk."""
    start = time.perf_counter()
    function()
    with images.open("rb") as written:
        os.fsync(written.fileno())
    return time.perf_counter() - start


def leave_memory(paths: list[str]) -> None:
    """Have the system forget the files' bytes, so that the next read comes from the disk."""
    os.sync()
    for path in paths:
        with Path(path).open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def write_files(folder: Path, n_images: int) -> list[str]:
    """Write files with the challenge's header: 29 cards, two of which differ from file to file."""
    generator = np.random.default_rng(1)
    band = folder / "Public/Band1"
    band.mkdir(parents=True)
    header = fits.Header()
    for number in range(20):
        header[f"CARD{number}"] = (float(number), "world coordinates and the like")
    with (folder / "classifications.csv").open("w") as catalogue:
        catalogue.write("ID,is_lens,Einstein_area,numb_pix_lensed_image,flux_lensed_image_in_sigma")
        for number in range(n_images):
            data = generator.normal(0, 7.77e-13, (SIZE, SIZE)).astype(np.float32)
            header["RA"], header["DEC"] = generator.uniform(-1e-3, 1e-3, 2)
            path = band / f"imageEUC_VIS-{100_000 + number}.fits"
            fits.PrimaryHDU(data, header).writeto(path)
            catalogue.write(f"\n{100_000 + number},1,1e-10,5,9.5")
    return [str(path) for path in sorted(band.iterdir())]


def ingest(folder: Path, manifest: Path, images: Path) -> None:
    """Do what the workflow does for one shard."""
    args = ("b", DATASET, folder / "data", 0, manifest, images, folder / "q0.csv", 1)
    ingestion.ingest_shard(*args)


def astropy_loop(paths: list[str], images: Path) -> None:
    """Do the same one file after the other: read, check, measure the sky, store."""
    with h5py.File(images, "w") as file:
        flux = make_flux(file, len(paths))
        sigma = np.empty(len(paths), np.float32)
        for row_number, path in enumerate(paths):
            with fits.open(path) as hdus:
                image = hdus[0].data.astype(np.float32)
            if not np.isfinite(image).all() or (image == 100).any():
                raise ValueError(path)
            sigma[row_number] = sky_sigma(image)
            flux[row_number] = image
        file["sky_sigma"] = sigma


def bare_bytes(paths: list[str], images: Path) -> None:
    """Read every file and write as many pixels, with nothing in between: the limit."""
    block = np.ones((ingestion.BLOCK_IMAGES, SIZE, SIZE), np.float32)
    with h5py.File(images, "w") as file:
        flux = make_flux(file, len(paths))
        for start in range(0, len(paths), len(block)):
            for path in paths[start : start + len(block)]:
                descriptor = os.open(path, os.O_RDONLY)
                os.read(descriptor, 1 << 17)
                os.close(descriptor)
            stop = min(start + len(block), len(paths))
            flux[start:stop] = block[: stop - start]


def make_flux(file: h5py.File, n_images: int) -> h5py.Dataset:
    """Return a dataset laid out as the workflow's: whole images, about half a megabyte a chunk."""
    rows = CHUNK_BYTES // (4 * SIZE * SIZE)
    return file.create_dataset("flux", (n_images, SIZE, SIZE), "f4", chunks=(rows, SIZE, SIZE))


if __name__ == "__main__":
    print(json.dumps(run(long="--long" in sys.argv), indent=1))
