"""Features of simulated objects by the encoders that are compared, kept for the next study."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.files import writing
from lensflow.studies.compare_encoders import STUDIED, Sample, encoded, simulated
from lensflow.studies.demo_autoencoder import demo_autoencoder, demo_networks

AUTOENCODER = "autoencoder"
ENCODERS = (*STUDIED, AUTOENCODER)
"""Those of `lensflow.studies.compare_encoders`, and the demo's own."""


class Encoded:
    """Features of the samples of a study by one encoder, without labels but in the tables.

    Parameters
    ----------
    work : Path
        Folder of simulated images and features: what is there is taken.
    samples : mapping of str to Sample
        ``train``, on which encoders are fitted, and others.
    n_features : int
        Of the encoders that are fitted; the autoencoder has the demo's.
    seed : int
        Of the encoders.
    root : Path
        The folder that holds the demo's ``results``, for its autoencoder.
    """

    def __init__(
        self,
        work: Path,
        samples: Mapping[str, Sample],
        n_features: int,
        seed: int,
        root: Path = Path(),
    ):
        self.work, self.samples = work, dict(samples)
        self.n_features, self.seed, self.root = n_features, seed, root

    def images(self, sample: str) -> np.ndarray:
        """Return the images (n, 101, 101) of a sample in sky sigma, mapped from disk."""
        return simulated(self.work, self.samples[sample])[0]

    def table(self, sample: str) -> pd.DataFrame:
        """Return what is known of the objects of a sample."""
        return simulated(self.work, self.samples[sample])[1]

    def features(self, encoder: str) -> dict[str, np.ndarray]:
        """Return the features of every sample by one of `ENCODERS`: (n, d) float64."""
        paths = {name: self._path(encoder, sample) for name, sample in self.samples.items()}
        missing = [name for name, path in paths.items() if not path.exists()]
        if missing:
            encode = self.encode(encoder)
            for name in missing:
                with writing.replacing(paths[name]) as partial:
                    np.save(partial, encoded(encode, self.images(name)))
        return {name: np.load(path).astype(np.float64) for name, path in paths.items()}

    def encode(self, encoder: str) -> Callable[[np.ndarray], np.ndarray]:
        """Return an encoder fitted to the training sample, or the demo's."""
        if encoder == AUTOENCODER:
            return demo_autoencoder(self.root)
        images, table = self.images("train"), self.table("train")
        return STUDIED[encoder](images, table["id"].to_numpy(), self.n_features, self.seed)

    def _path(self, encoder: str, sample: Sample) -> Path:
        fitted = f"{encoder}_{self.n_features}_{self.samples['train'].n_objects}_{self.seed}"
        if encoder == AUTOENCODER:
            # The demo may be trained again: features of other networks are none of these.
            fitted = f"{encoder}_{demo_networks(self.root)[:16]}"
        of = f"{sample.population}_{sample.first_id}_{sample.n_objects}"
        return self.work / f"{fitted}_of_{of}.npy"
