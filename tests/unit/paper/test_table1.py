import numpy as np
import pandas as pd

from lensflow.evaluate.resampling import TABLE1_RATIOS
from lensflow.paper.table1 import table1, table1_stage


def test_table_1_of_the_papers_test_sample_is_the_papers_table():
    is_lens = np.repeat([1, 0], [1168, 11328])
    table = table1(is_lens, seed=1)
    assert (table["n_lens"] == table["paper_n_lens"]).all()
    assert (table["n_nonlens"] == table["paper_n_nonlens"]).all()
    assert table["n_nonlens"].iloc[-1] == 11_680_000
    assert table["n_nonlens_images"].iloc[-1] == 11328
    assert table["n_nonlens_images"].iloc[0] <= 1168


def test_table_1_reads_the_test_sample_of_the_split(tmp_path):
    split = pd.DataFrame(
        {"sample": ["train"] * 3 + ["test"] * 5, "is_lens": [1, 1, 0, 1, 1, 0, 0, 0]}
    )
    split.to_csv(tmp_path / "split.csv", index=False)
    table1_stage(tmp_path / "split.csv", tmp_path / "table1.csv", seed=1)
    table = pd.read_csv(tmp_path / "table1.csv")
    assert table["n_nonlens"].tolist() == [2 * ratio for ratio in TABLE1_RATIOS]
