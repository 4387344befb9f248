"""Table 1: the test sets with rarer and rarer lenses, as they were drawn (section 3.1)."""

from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.evaluate.resampling import TABLE1_RATIOS, ratio_weights
from lensflow.files.tables import write_csv
from lensflow.paper.numbers import TABLE1_LENSES


def table1(is_lens: np.ndarray, seed: int) -> pd.DataFrame:
    """Return table 1 as it was drawn: integer weights on the rotated non-lenses.

    Parameters
    ----------
    is_lens : array-like of shape (n,)
        Classes of the test sample's rows, rotations included, in the order of ``split.csv``.
    seed : int
        Seed of the configuration.

    Returns
    -------
    pandas.DataFrame
        label, ratio, n_lens and n_nonlens (sums of weights), n_nonlens_images (rows with a weight
        above zero), largest_weight, and what the paper's table says.
    """
    is_lens = np.asarray(is_lens)
    rows = []
    for label, ratio in enumerate(TABLE1_RATIOS, start=1):
        weight = ratio_weights(is_lens, ratio, seed)
        others = weight[is_lens == 0]
        rows.append(
            {
                "label": label,
                "ratio": f"1:{ratio}",
                "n_lens": int(weight[is_lens == 1].sum()),
                "n_nonlens": int(others.sum()),
                "n_nonlens_images": int((others > 0).sum()),
                "largest_weight": int(others.max()),
                "paper_n_lens": TABLE1_LENSES,
                "paper_n_nonlens": TABLE1_LENSES * ratio,
            }
        )
    return pd.DataFrame(rows)


def table1_stage(split_path: str | Path, output: str | Path, seed: int) -> None:
    """Write table 1 of an experiment from its ``split.csv``."""
    split = pd.read_csv(split_path, usecols=["sample", "is_lens"])
    write_csv(output, table1(split.loc[split["sample"] == "test", "is_lens"], seed))
