"""What bands beside VIS add to finding lenses: polar features and clusters of the same objects.

    PYTHONPATH=scripts python -m lensflow.studies.compare_bands --work WORK --output FILE.csv

Simulates training-like objects in VIS, Y, J and H to fit the encoder and the mixtures on, and fresh
ones of both populations, and looks at them in VIS alone and in more bands: the objects, the number
of features and clusters, and the seeds are the same. Writes one row a choice of bands, sample and
mixture seed: the AUC, before and after the cut, TPR0 and TPR10, with the true fractions of the
training sample's clusters. The simulated images stay in the work folder for the next run (163 kB an
object).
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.embed.polar import PolarEncoder
from lensflow.files.tables import write_csv
from lensflow.simulate.bands import BANDS
from lensflow.studies.command import command
from lensflow.studies.compare_encoders import Sample, blocks, clustered, encoded, metrics, simulated

CHOICES = (("VIS",), ("VIS", "H"), tuple(BANDS))


def seen(images: np.ndarray, bands: Sequence[str]) -> np.ndarray:
    """Return images (n, band, y, x) of all bands in some; of a single one (n, y, x)."""
    places = [[*BANDS].index(band) for band in bands]
    return images[:, places] if len(places) > 1 else images[:, places[0]]


def features_of(
    samples: dict[str, tuple[np.ndarray, pd.DataFrame]],
    bands: Sequence[str],
    n_features: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Return the polar features of each sample, seen in some bands, fitted to ``train``."""
    images, train = samples["train"]
    named = ((seen(block, bands), ids) for block, ids in blocks(images, train["id"].to_numpy()))
    encoder = PolarEncoder.fit(named, n_features, seed)
    return {
        name: encoded(lambda block: encoder.encode(seen(block, bands)), values)
        for name, (values, _) in samples.items()
    }


def compare(samples: dict[str, tuple[np.ndarray, pd.DataFrame]], given) -> Iterator[dict]:
    """Yield one row a choice of bands, sample and mixture seed."""
    is_lens = samples["train"][1]["is_lens"].to_numpy()
    for bands in CHOICES:
        features = features_of(samples, bands, given.n_features, given.seed)
        for seed in range(given.n_runs):
            found = clustered(features, is_lens, given.n_clusters, seed)
            for sample, p_lens in found.items():
                key = {"bands": " ".join(bands), "sample": sample, "seed": seed}
                yield {**key, **metrics(samples[sample][1], p_lens)}


@command
def main() -> None:
    """Read the command line, simulate, compare, and write and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder of simulated images")
    parser.add_argument("--output", type=Path, required=True, help="CSV to write")
    parser.add_argument("--n-train", type=int, default=3000, help="objects to fit on")
    parser.add_argument("--n-test", type=int, default=1500, help="fresh objects a population")
    parser.add_argument("--n-features", type=int, default=16)
    parser.add_argument("--n-clusters", type=int, default=24)
    parser.add_argument("--n-runs", type=int, default=3, help="mixture seeds")
    parser.add_argument("--seed", type=int, default=1, help="of the encoders")
    given = parser.parse_args()
    bands = tuple(BANDS)
    wanted = {
        "train": Sample("training", 100000, given.n_train, bands),
        "training": Sample("training", 700000, given.n_test, bands),
        "challenge": Sample("challenge", 800000, given.n_test, bands),
    }
    samples = {name: simulated(given.work, sample) for name, sample in wanted.items()}
    table = pd.DataFrame(compare(samples, given))
    write_csv(given.output, table)
    means = table.groupby(["bands", "sample"], sort=False).mean(numeric_only=True)
    print(table.round(3).to_string(index=False))
    print(means.drop(columns="seed").round(3).to_string())


if __name__ == "__main__":
    main()
