"""How fast Cutana (ESA) cuts the stamps of the small tile of `bench_mosaic`, where it is installed.

    uv venv cutana_env
    VIRTUAL_ENV=cutana_env uv pip install cutana==0.4.0
    cutana_env/bin/python tests/benchmarks/cutana_peer.py

Its direct path, which starts no processes: extraction alone, float32, one thread; best of three.
Prints stamps a CPU second.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench_mosaic import SIZE, best, write_catalogue, write_tile

SIDE, N_OBJECTS = 4_600, 2_000


def objects(folder: Path) -> pd.DataFrame:
    """Write the tile, and return its objects as Cutana reads them."""
    write_tile(folder / "data/tile.fits", SIDE)
    pixels = np.random.default_rng(2).uniform(60, SIDE - 60, (N_OBJECTS, 2))
    write_catalogue(folder / "c.csv", SIDE, pixels)
    table = pd.read_csv(folder / "c.csv")
    paths = json.dumps([str(folder / "data/tile.fits")])
    return pd.DataFrame(
        {
            "SourceID": table["id"].astype(str),
            "RA": table["ra"],
            "Dec": table["dec"],
            "diameter_pixel": SIZE,
            "fits_file_paths": paths,
        }
    )


def settings():
    """Return a configuration that cuts and does nothing else."""
    import cutana

    made = cutana.get_default_config()
    made.target_resolution, made.data_type, made.process_threads = SIZE, "float32", 1
    made.do_only_cutout_extraction, made.apply_flux_conversion = True, False
    made.normalisation_method = "none"
    made.selected_extensions, made.channel_weights = ["PRIMARY"], {"PRIMARY": [1.0]}
    return made


if __name__ == "__main__":
    # Before its libraries are loaded.
    os.environ["OMP_NUM_THREADS"] = "1"
    import cutana

    with tempfile.TemporaryDirectory() as made:
        table, chosen = objects(Path(made)), settings()
        seconds = best(lambda: cutana.create_cutouts_direct(table, chosen, max_workers=1))
    print(f"{N_OBJECTS / seconds:.0f} stamps/CPU s")
