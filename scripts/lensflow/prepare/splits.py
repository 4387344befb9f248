"""Which object goes to training, which to testing, and how often it is rotated (section 3.1)."""

import logging
from os import PathLike

import numpy as np
import pandas as pd

from lensflow.errors import ConfigError
from lensflow.files import tables, writing
from lensflow.prepare.counts import ROTATIONS, paper_counts
from lensflow.samples.images import read_index
from lensflow.seeds import rng

PROTOCOLS = ("paper", "honest", "unlabelled")
CLASSES = {1: "lenses", 0: "non-lenses", -1: "of unknown class"}

logger = logging.getLogger(__name__)


def make_split(table: pd.DataFrame, protocol: str, fraction: float, seed: int) -> pd.DataFrame:
    """Assign objects to samples, with their rotations.

    ``paper`` rotates non-lenses four times and adds noise to every rotated copy; lenses stay as
    they are. ``honest`` puts the same objects on the same sides in the same numbers, but every
    image of either class is turned and has the noise added, so that no image shows its class by
    its augmentation; test objects appear once.
    ``unlabelled`` uses every image once as it is, for training and nothing else.

    Parameters
    ----------
    table : DataFrame
        Columns ``id`` and ``is_lens`` (1, 0; -1 for unknown, which only ``unlabelled`` allows).
    protocol : {"paper", "honest", "unlabelled"}
        How the samples are made.
    fraction : float
        Scales the paper's counts, for small runs: 1 needs 13,968 lenses and 6,032 non-lenses.
    seed : int
        Seed of the configuration.

    Returns
    -------
    DataFrame
        Columns id, sample ("train" or "test"), rotation (0-3), noise (0 or 1), is_lens, sorted by
        sample (train first), id and rotation. No id is in both samples.

    Raises
    ------
    ConfigError
        If the protocol is unknown, or the dataset has too few lenses or non-lenses.
    """
    if protocol not in PROTOCOLS:
        raise ConfigError(f"Unknown protocol {protocol!r}; expected one of {list(PROTOCOLS)}.")
    table = table[["id", "is_lens"]].sort_values("id", ignore_index=True)
    if protocol == "unlabelled":
        return table.assign(sample="train", rotation=0, noise=0)[_COLUMNS]
    sides = _choose_objects(table, fraction, seed)
    rows = _paper_rows(sides) if protocol == "paper" else _honest_rows(sides, seed)
    rows["sample"] = pd.Categorical(rows["sample"], ["train", "test"])
    rows = rows.sort_values(["sample", "id", "rotation"], ignore_index=True)
    return rows.astype({"sample": str})[_COLUMNS]


_COLUMNS = ["id", "sample", "rotation", "noise", "is_lens"]


def _choose_objects(table: pd.DataFrame, fraction: float, seed: int) -> pd.DataFrame:
    """Draw the objects of each class and sample, without replacement."""
    counts = paper_counts(fraction)
    chosen = []
    for is_lens, kind in ((1, "lenses"), (0, "non-lenses")):
        ids = table.loc[table["is_lens"] == is_lens, "id"].to_numpy()
        needed = counts["train", is_lens] + counts["test", is_lens]
        if len(ids) < needed:
            raise ConfigError(
                f"The split needs {needed} {kind} (fraction {fraction} of the paper's counts), "
                f"but the dataset has {len(ids)} that are labelled so. Give the dataset more "
                f"objects, or set the experiment's fraction to at most "
                f"{fraction * len(ids) / needed:.4f}."
            )
        ids = rng(seed, "split", kind).permutation(ids)[:needed]
        sample = np.where(np.arange(needed) < counts["train", is_lens], "train", "test")
        chosen.append(pd.DataFrame({"id": ids, "sample": sample, "is_lens": is_lens}))
    return pd.concat(chosen, ignore_index=True)


def _paper_rows(sides: pd.DataFrame) -> pd.DataFrame:
    lenses = sides[sides["is_lens"] == 1].assign(rotation=0, noise=0)
    others = sides[sides["is_lens"] == 0]
    turned = [others.assign(rotation=turn, noise=1) for turn in range(ROTATIONS)]
    return pd.concat([lenses, *turned], ignore_index=True)


def _honest_rows(sides: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Balance the training rows as the paper does, but turn and noise every image alike.

    Training non-lenses still appear in all four turns, for the ratio of one; each lens appears in
    one turn at random. A single image then shows nothing of its class by how it was augmented.
    """
    repeated = (sides["sample"] == "train") & (sides["is_lens"] == 0)
    turned = [sides[repeated].assign(rotation=turn, noise=1) for turn in range(ROTATIONS)]
    once = sides[~repeated]
    turns = [int(rng(seed, "rotation", name).integers(ROTATIONS)) for name in once["id"]]
    return pd.concat([once.assign(rotation=turns, noise=1), *turned], ignore_index=True)


def split_dataset(
    index_path: str | PathLike,
    output_path: str | PathLike,
    protocol: str,
    fraction: float,
    seed: int,
) -> None:
    """Write which objects of a dataset are in which sample, rotated how.

    Parameters
    ----------
    index_path : path-like
        ``index.h5`` of the dataset.
    output_path : path-like
        CSV with the columns id, sample, rotation, noise, is_lens.
    protocol, fraction, seed
        As in `make_split`.
    """
    table = read_index(index_path, catalogue=["is_lens"])
    split = make_split(table, protocol, fraction, seed)
    counts = split.groupby(["sample", "is_lens"], sort=False).size().items()
    words = [f"{sample}: {count} {CLASSES[is_lens]}" for (sample, is_lens), count in counts]
    logger.info("images of %s", ", ".join(words))
    with writing.replacing(output_path) as partial:
        split.to_csv(partial, index=False)


def read_split(path: str | PathLike, sample: str) -> pd.DataFrame:
    """Return the rows of one sample of a split, in their order."""
    split = tables.read_objects(path)
    return split[split["sample"] == sample].reset_index(drop=True)
