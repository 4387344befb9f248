"""Stage: what else ranks the finder's samples: the scores of the table of rankers."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from os import PathLike

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lensflow.cluster import clusterers
from lensflow.cluster.clustering import Clustering
from lensflow.cluster.judgements import judged_by_rule
from lensflow.cluster.probability import lens_probability
from lensflow.errors import ArtifactError
from lensflow.evaluate.columns import RANKER_COLUMNS
from lensflow.evaluate.ranked import kept_rows
from lensflow.evaluate.rankers import RANKERS
from lensflow.files.tables import write_csv
from lensflow.prepare.augmentation import views
from lensflow.prepare.inputs import prepare_images
from lensflow.prepare.scaling import compressed
from lensflow.samples.embeddings import open_embeddings, read_embeddings
from lensflow.samples.images import open_images
from lensflow.samples.rows import BLOCK
from lensflow.samples.scores import read_scores
from lensflow.samples.stacks import open_stack

N_COMPONENTS = 16
"""Principal components that the clusters of the control are made of, where there are as many."""

Paths = Sequence[str | PathLike]

logger = logging.getLogger(__name__)


class Training:
    """What the rankers learn of the training sample, each part when it is first asked for.

    Parameters
    ----------
    embedding_paths : sequence of path
        Its embeddings by every run.
    stack_paths : sequence of path
        Its prepared images; none where no ranker looks at images.
    mixture_settings : mapping
        ``engine``, and the clusterer's settings but for the seed.
    seed : int
    """

    def __init__(self, embedding_paths: Paths, stack_paths: Paths, mixture_settings: Mapping, seed):
        self.embedding_paths, self.stack_paths = embedding_paths, stack_paths
        self.mixture_settings, self.seed = mixture_settings, seed

    @cached_property
    def forests(self) -> list:
        """An isolation forest of the features of each run."""
        # Slow to import, as below.
        from sklearn.ensemble import IsolationForest

        features = [read_embeddings([path])[0] for path in self.embedding_paths]
        return [IsolationForest(random_state=self.seed).fit(each) for each in features]

    @cached_property
    def components(self):
        """Principal components of the images, a `sklearn.decomposition.PCA`."""
        from lensflow.evaluate.baselines import fit_components

        n_components = min(N_COMPONENTS, len(self._rows))
        return fit_components(self.stack_paths, n_components, self.seed)

    @cached_property
    def _rows(self) -> pd.DataFrame:
        return pd.concat([_stack_rows(path) for path in self.stack_paths], ignore_index=True)

    @cached_property
    def _projected(self) -> np.ndarray:
        blocks = (block for path in self.stack_paths for block in stack_blocks(path))
        return np.concatenate([self.project(block) for block in blocks])

    def project(self, images: np.ndarray) -> np.ndarray:
        """Return the principal components of images: (n, size, size) to (n, 16), float64."""
        return self.components.transform(images.reshape(len(images), -1)).astype(np.float64)

    @cached_property
    def mixtures(self) -> list[Clustering]:
        """Clusters of the principal components, one a run, that differ by their seeds."""
        settings = dict(self.mixture_settings)
        engine = settings.pop("engine")
        settings["n_components"] = settings["n_components"] or self._projected.shape[1]
        return [
            clusterers.fit(engine, self._projected, seed=self.seed + run, **settings)
            for run in range(len(self.embedding_paths))
        ]

    def judged(self, judgement: str) -> list[np.ndarray]:
        """Return the lens probability of each cluster of each run by a judgement: (K,) each."""
        judge, ids = judged_by_rule(judgement).judge, self._rows["id"].to_numpy()
        is_lens = self._rows["is_lens"].to_numpy()
        return [
            judge(
                mixture.labels(self._projected), ids, is_lens, mixture.n_components, self.seed
            ).lens_fraction
            for mixture in self.mixtures
        ]


class Beside:
    """What is known of the n objects of known class of one sample, one row each.

    Parameters
    ----------
    training : Training
    score_paths, embedding_paths : sequence of path
        By every run.
    arcs_paths : sequence of path
        Its table of arcs; none where the noise of the sky is unknown.
    blocks : callable
        Returns an iterator over its prepared images (m, size, size), all rows in order.
    """

    def __init__(
        self,
        training: Training,
        score_paths: Paths,
        embedding_paths: Paths,
        arcs_paths: Paths,
        blocks: Callable[[], Iterator[np.ndarray]],
    ):
        self.training, self.blocks = training, blocks
        self.score_paths, self.embedding_paths = score_paths, embedding_paths
        self.arcs_paths = arcs_paths
        with open_embeddings(embedding_paths[0]) as embeddings:
            self._rows = embeddings.rows()
        self.kept = kept_rows(self._rows)

    @property
    def ids(self) -> np.ndarray:
        """Their identifiers (n,)."""
        return self._rows["id"].to_numpy()[self.kept]

    @property
    def log_density(self) -> np.ndarray:
        """Log density (n,), mean over the runs."""
        values = [read_scores(path, ["log_density"])["log_density"] for path in self.score_paths]
        return np.mean(values, axis=0)[self.kept]

    @property
    def arcs(self) -> np.ndarray:
        """How arc-like each is (n,).

        Raises
        ------
        ArtifactError
            When the table holds other objects.
        """
        (path,) = self.arcs_paths
        table = read_scores(path, ["id", "arcs"])
        if not np.array_equal(table["id"], self._rows["id"]):
            raise ArtifactError(
                f"{path} and {self.embedding_paths[0]} hold different rows; delete both and run "
                "again"
            )
        return table["arcs"].to_numpy()[self.kept]

    def isolation(self) -> np.ndarray:
        """Return how easily a forest isolates each object (n,), mean over the runs."""
        return np.mean(
            [
                -forest.score_samples(read_embeddings([path])[0][self.kept])
                for forest, path in zip(self.training.forests, self.embedding_paths, strict=True)
            ],
            axis=0,
        )

    def judged_components(self, judgement: str) -> np.ndarray:
        """Return the lens probability (n,) of clusters of principal components.

        Mean over the eight views of each image, and over the runs.
        """
        judged, found, start = self.training.judged(judgement), [], 0
        for block in self.blocks():
            kept = self.kept[start : start + len(block)]
            start += len(block)
            found.append(self._over_views(block[kept], judged))
        return np.concatenate(found)

    def _over_views(self, images: np.ndarray, judged: list[np.ndarray]) -> np.ndarray:
        total = np.zeros(len(images))
        for view in views(images) if len(images) else ():
            features = self.training.project(view)
            for mixture, fractions in zip(self.training.mixtures, judged, strict=True):
                total += lens_probability(mixture.responsibilities(features), fractions)
        return total / (8 * len(judged))


def score_rankers_stage(
    rankers: Mapping[str, Sequence[str]],
    files: Mapping[str, Paths],
    output_path: str | PathLike,
    scale: str,
    image_size: int,
    mixture_settings: Mapping,
    seed: int,
    n_threads: int | None = None,
) -> None:
    """Write what ranks the samples beside the finder.

    Parameters
    ----------
    rankers : mapping of str to sequence of str
        Names of rankers, by sample.
    files : mapping
        ``train_embeddings`` by every run, ``train_stacks``, and of each sample
        ``scores_<sample>`` and ``embeddings_<sample>`` by every run, ``arcs_<sample>`` and
        ``stacks_<sample>`` or ``images_<sample>`` where they are needed.
    output_path : path
        CSV: sample, labels (the ranker), id, score; for objects of known class.
    scale : str
        Which of `lensflow.prepare.scaling.SCALES` the images of datasets are brought to.
    image_size : int
    mixture_settings : mapping
        As in `Training`.
    seed : int
    n_threads : int, optional
        Most threads of linear algebra.
    """
    train = files.get("train_embeddings", ()), files.get("train_stacks", ())
    training, tables = Training(*train, mixture_settings, seed), []
    with threadpool_limits(limits=n_threads):
        for sample, names in rankers.items():
            of = {kind: files.get(f"{kind}_{sample}", ()) for kind in KINDS}
            blocks = _blocks_of(of["stacks"], of["images"], scale, image_size)
            beside = Beside(training, of["scores"], of["embeddings"], of["arcs"], blocks)
            for name in names if beside.kept.any() else ():
                score = {"sample": sample, "labels": name, "id": beside.ids}
                tables.append(pd.DataFrame(score | {"score": RANKERS[name].score(beside)}))
                logger.info("ranked %d objects of %s by %s", len(tables[-1]), sample, name)
    empty = pd.DataFrame(columns=RANKER_COLUMNS)
    write_csv(output_path, pd.concat(tables) if tables else empty)


KINDS = ("scores", "embeddings", "arcs", "stacks", "images")
"""What the files of a sample are called."""


def _blocks_of(stacks: Paths, images: Paths, scale: str, image_size: int):
    """Return a function that yields the prepared images of a sample, block by block."""

    def blocks() -> Iterator[np.ndarray]:
        for path in stacks:
            yield from stack_blocks(path)
        for path in images:
            yield from _image_blocks(path, scale, image_size)

    return blocks


def stack_blocks(path: str | PathLike) -> Iterator[np.ndarray]:
    """Yield the images of a stack, their range of flux compressed, in blocks."""
    with open_stack(path) as stack:
        for block in stack.blocks():
            yield compressed(block, stack.scale)


def _image_blocks(path: str | PathLike, scale: str, image_size: int) -> Iterator[np.ndarray]:
    with open_images(path) as images:
        for start in range(0, len(images), BLOCK):
            rows = slice(start, start + BLOCK)
            flux, sky_sigma = images.flux(rows), images.sky_sigma(rows)
            yield compressed(prepare_images(flux, sky_sigma, scale, image_size), scale)


def _stack_rows(path: str | PathLike) -> pd.DataFrame:
    with open_stack(path) as stack:
        return stack.rows()
