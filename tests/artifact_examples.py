"""Small artifacts to read, to damage and to combine."""

import numpy as np
import pandas as pd

from lensflow import artifacts

TABLE = pd.DataFrame(
    {
        "zeta": np.array([1.5, np.nan, -2.0]),
        "id": ["100", "β-2", ""],
        "is_lens": np.array([1, 0, -1], dtype=np.int8),
    }
)


def write_example(path, image=None):
    image = np.arange(60, dtype="f4").reshape(3, 4, 5) if image is None else image
    with artifacts.create(path, "images", {"dataset": "tiny", "config_sha256": "ab"}) as f:
        f.dataset("flux", image, "AB maggies", "pixels", compress=False)
        f.dataset("sky_sigma", np.arange(3.0), "AB maggies", "noise of a pixel")
        f.strings("id", TABLE["id"], "name of the object")
        f.text("provenance/config", "run: [demo]\n" * 9000, "configuration")
        artifacts.write_table(f, "catalogue", TABLE, {"zeta": "arcsec"}, {"zeta": "a size"})
        f.growable("grown", (0, 101, 101), "f4", "1", "grows", compress=False)
        f.append("grown", np.ones((5, 101, 101)))
        f.growable("names", (0,), str, "1", "grows too")
        f.append("names", ["a", "b"])
    return path


def made(path, kind="stack", **attrs):
    with artifacts.create(path, kind, attrs) as f:
        f.strings("id", [path.name])
    return path
