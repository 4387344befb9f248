import pandas as pd
import pytest

from lensflow.paper.numbers import TABLE2, Entry
from lensflow.paper.table2 import table2, table2_stage
from unit.paper.conftest import write


def test_table_2_puts_our_rows_in_order_and_the_training_rows_last():
    ours = Entry("ours", "", 0.77, 0.0, 0.1, "")._asdict()
    table = table2([{**ours, "auc_min": 0.75}], [{**ours, "name": "*ours", "auc": 0.9}])
    names = table["name"].tolist()
    assert names.index("ours") == names.index("NeuralNet2") - 1
    assert names[-2:] == ["*Unsupervised technique", "*ours"]
    assert len(table) == len(TABLE2) + 3
    assert table["auc_min"].notna().sum() == 1
    body = table["auc"].iloc[:-2]
    assert body.is_monotonic_decreasing


def test_table_2_holds_the_retrained_model_the_transfer_and_the_training_set(
    training, challenge, tmp_path
):
    folders = write(training, tmp_path / "paper"), write(challenge, tmp_path / "far")
    table2_stage(*folders, tmp_path / "table2.csv")
    table = pd.read_csv(tmp_path / "table2.csv").set_index("name")
    assert table.loc["lensflow, trained on this set", "auc"] == pytest.approx(0.72)
    assert table.loc["lensflow, transfer", "auc_max"] == pytest.approx(0.62)
    assert table.loc["*lensflow", "tpr10"] == pytest.approx(0.1)
    assert table.index[-1] == "*lensflow"
    table2_stage(folders[0], None, tmp_path / "alone.csv")
    assert len(pd.read_csv(tmp_path / "alone.csv")) == len(TABLE2) + 3
