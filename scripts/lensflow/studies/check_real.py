r"""A check on real images, at the end: clusters of simulations judge what no simulation made.

    python -m lensflow.studies.check_real --data data --work encoders --output real

Nothing is chosen here, and nothing was tuned on these images: they are few. The polar encoder and
the mixtures are fitted on training-like simulations, with the true fractions of their clusters, and
score what lies under the data folder:

- ``raw``: cutouts of the Lens Finding Challenge (``challenge1``), as they are;
- ``euclid``: stamps of Euclid Q1 (``euclid_q1``), all of lenses;
- ``denoised``: cutouts that the paper's denoiser made (``challenge1_denoised``), in sky noise by
  the level of their sky, by two encoders: that of the raw images (``polar``), and one for denoised
  input (``polar, smoothed``), fitted on the same simulations smoothed by a Gaussian of one pixel in
  place of a denoiser.

Writes ``real.csv`` (AUC with the 68 % interval of objects drawn again, and the range of p of lenses
and non-lenses) and ``real_scores.csv`` (p of every object, mean over mixture seeds); no image.
Says so and ends where there are no data.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from lensflow.cluster.judgements import known_fractions
from lensflow.evaluate.bootstrap import bootstrap_metrics, bootstrap_weights, interval
from lensflow.evaluate.metrics import Ranking, auroc
from lensflow.files.tables import write_csv
from lensflow.ingest.cutouts import read_batch
from lensflow.ingest.settings import CutoutSettings
from lensflow.seeds import rng
from lensflow.studies.command import command
from lensflow.studies.compare_encoders import STUDIED, Sample, encoded, simulated
from lensflow.studies.compare_realism import read_catalogue, read_denoised
from lensflow.studies.look_little import clustered

CHALLENGE, EUCLID = "challenge1/SpaceBasedTraining", "euclid_q1"
DENOISED = "challenge1_denoised"
SETTINGS = {
    CHALLENGE: CutoutSettings(zero_point=0.0),
    EUCLID: CutoutSettings(hdus=("VIS_FLUX", "VIS_BGSUB", "PRIMARY"), zero_point=24.6),
}
SMOOTHING_PX = 1.0
ENCODER = "polar"


class Real(NamedTuple):
    """Real images in sky sigma (n, 101, 101), their names, and which are lenses (n,)."""

    images: np.ndarray
    ids: list[str]
    is_lens: np.ndarray


def smoothed(images: np.ndarray) -> np.ndarray:
    """Return images smoothed by a Gaussian, which is what a denoiser does to the sky."""
    return gaussian_filter(np.asarray(images), (0, SMOOTHING_PX, SMOOTHING_PX))


def _as_they_are(images: np.ndarray) -> np.ndarray:
    return np.asarray(images)


MODELS = {ENCODER: _as_they_are, f"{ENCODER}, smoothed": smoothed}
"""What is done to the simulations before the encoder is fitted, by the name of the model."""

SETS = {"raw": (ENCODER,), "euclid": (ENCODER,), "denoised": tuple(MODELS)}
"""By which models each set is scored."""


# --- data -----------------------------------------------------------------------------------------


def read_real(data: Path) -> dict[str, Real]:
    """Return the sets of real images that are there."""
    catalogue = data / CHALLENGE
    readers = {"raw": _read_raw, "euclid": _read_euclid, "denoised": _read_denoised}
    folders = {"raw": catalogue, "euclid": data / EUCLID, "denoised": data / DENOISED}
    needs = {"raw": catalogue, "euclid": folders["euclid"], "denoised": catalogue}
    return {
        name: read(folders[name], catalogue)
        for name, read in readers.items()
        if folders[name].is_dir() and needs[name].is_dir()
    }


def _read_raw(folder: Path, catalogue: Path) -> Real:
    paths = sorted(folder.glob("**/Public/Band1/imageEUC_VIS-*.fits"))
    return _labelled(_read(paths, CHALLENGE), catalogue)


def _read_euclid(folder: Path, catalogue: Path) -> Real:
    return _read(sorted(folder.glob("*.fits")), EUCLID)


def _read_denoised(folder: Path, catalogue: Path) -> Real:
    names = [path.stem.removesuffix("_recons") for path in sorted(folder.glob("*_recons.fits"))]
    return _labelled(Real(read_denoised(folder), names, np.ones(len(names), int)), catalogue)


def _read(paths: list[Path], kind: str) -> Real:
    """Read cutouts; as long as nothing else is known all are lenses."""
    batch = read_batch([str(path) for path in paths], [p.stem for p in paths], SETTINGS[kind], 0)
    names = [paths[row].stem for row in batch.rows]
    images = batch.flux / batch.sky_sigma[:, None, None]
    return Real(images, names, np.ones(len(names), int))


def _labelled(real: Real, catalogue: Path) -> Real:
    is_lens = read_catalogue(catalogue)["is_lens"]
    numbers = [int(name.split("-")[-1]) for name in real.ids]
    return real._replace(is_lens=is_lens.loc[numbers].to_numpy())


# --- scores ---------------------------------------------------------------------------------------


def model_scores(
    model: str, sets: dict[str, Real], images: np.ndarray, table: pd.DataFrame, given
) -> dict[str, np.ndarray]:
    """Return the lens probabilities of some sets by one model, mean over mixture seeds: (n,) each.

    Parameters
    ----------
    model : str
        A key of `MODELS`.
    sets : mapping of str to Real
    images, table
        The simulated training sample.
    given
        ``n_features``, ``n_clusters``, ``n_runs`` and ``seed``.
    """
    change = MODELS[model]
    train = np.concatenate([change(part) for part in np.array_split(images, 20) if len(part)])
    encode = STUDIED[ENCODER](train, table["id"].to_numpy(), given.n_features, given.seed)
    features = {name: encoded(encode, real.images).astype(float) for name, real in sets.items()}
    features["train"] = encoded(encode, train).astype(float)
    return judged(features, table["is_lens"].to_numpy(), given)


def judged(features: dict[str, np.ndarray], is_lens: np.ndarray, given) -> dict[str, np.ndarray]:
    """Return p by the true fractions of the clusters of ``train``, mean over mixture seeds."""
    runs = []
    for seed in range(given.n_runs):
        objects, _ = clustered(features, given.n_clusters, seed)
        fractions = known_fractions(objects.clusters, is_lens, given.n_clusters)
        runs.append({name: objects.responsibilities[name] @ fractions for name in objects.others})
    return {name: np.mean([run[name] for run in runs], axis=0) for name in runs[0]}


def real_row(p_lens: np.ndarray, real: Real, n_bootstrap: int, seed: int) -> dict:
    """Return the AUC, with its interval, and the range of p of either class."""
    lens = real.is_lens == 1
    row = {"n_lens": int(lens.sum()), "n_nonlens": int((~lens).sum())}
    if row["n_lens"] and row["n_nonlens"]:
        generator = rng(seed, "real", len(lens))
        drawn = bootstrap_weights(np.array(real.ids), real.is_lens, n_bootstrap, generator)
        again = bootstrap_metrics(Ranking(real.is_lens, p_lens), drawn, np.ones(len(lens)))["auc"]
        low, high = interval(again)
        row |= {"auc": auroc(real.is_lens, p_lens), "auc_low": low, "auc_high": high}
    for name, chosen in (("lens", p_lens[lens]), ("nonlens", p_lens[~lens])):
        if len(chosen):
            row |= {f"p_{name}_min": chosen.min(), f"p_{name}_max": chosen.max()}
    return row


def measure(sets: dict[str, Real], given) -> Iterator[tuple[dict, pd.DataFrame]]:
    """Yield a row, and the scores of every object, of each model and set."""
    images, table = simulated(given.work, Sample("training", 100000, given.n_train))
    for model in MODELS:
        chosen = {name: real for name, real in sets.items() if model in SETS[name]}
        found = model_scores(model, chosen, images, table, given) if chosen else {}
        for name, p_lens in found.items():
            key, real = {"set": name, "model": model}, sets[name]
            scores = {**key, "id": real.ids, "is_lens": real.is_lens, "p_lens": p_lens}
            yield {**key, **real_row(p_lens, real, given.n_bootstrap, given.seed)}, scores


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of real images")
    parser.add_argument("--work", type=Path, required=True, help="folder of simulated images")
    parser.add_argument("--output", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--n-train", type=int, default=6000, help="simulated objects to fit on")
    parser.add_argument("--n-features", type=int, default=16)
    parser.add_argument("--n-clusters", type=int, default=24)
    parser.add_argument("--n-runs", type=int, default=3, help="mixture seeds")
    parser.add_argument("--n-bootstrap", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


@command
def main() -> None:
    """Read the real images, score them, and write and print the tables."""
    given = arguments()
    sets = read_real(given.data)
    if not sets:
        print(f"{given.data} holds none of {CHALLENGE}, {DENOISED}, {EUCLID}: nothing to check")
        return
    rows, scores = zip(*measure(sets, given), strict=True)
    table = pd.DataFrame(rows)
    write_csv(given.output / "real.csv", table)
    write_csv(given.output / "real_scores.csv", pd.concat(map(pd.DataFrame, scores)))
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
