import numpy as np
import pandas as pd
import pytest

from lensflow.errors import ArtifactError
from lensflow.paper.ranking import ranking_stage, ranking_table


def test_ranking_of_a_perfect_and_of_a_useless_score():
    is_lens = np.repeat([1, 0], [10, 40])
    perfect = pd.DataFrame({"is_lens": is_lens, "p_lens_known": is_lens.astype(float)})
    useless = perfect.assign(p_lens_known=0.5)
    table = ranking_table([perfect, useless], "known", [100], seed=1)
    assert table["selection"].tolist() == ["best 10", "best 100", "best 1000", "p > 0.5"]
    first = table.iloc[0]
    assert first["n_nonlens"] == 1000
    assert first["purity_max"] == 1
    assert first["purity_min"] == pytest.approx(10 / 1010)
    assert first["completeness_max"] == 1
    above = table.iloc[-1]
    assert above["contamination_min"] != above["contamination_min"]  # a run without a candidate
    alone = ranking_table([perfect], "known", [1], seed=1).iloc[-1]
    assert (alone["purity_mean"], alone["contamination_mean"]) == (1, 0)


def test_runs_of_other_rows_are_refused(tmp_path):
    scores = pd.DataFrame({"id": ["1", "2"], "is_lens": [1, 0], "p_lens_known": [0.9, 0.1]})
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    scores.to_csv(paths[0], index=False)
    scores.iloc[::-1].to_csv(paths[1], index=False)
    with pytest.raises(ArtifactError, match="different rows of the sample 'test'"):
        ranking_stage(paths, tmp_path / "ranking.csv", "known", [1], seed=0)
    ranking_stage(paths[:1], tmp_path / "ranking.csv", "known", [1], seed=0)
    table = pd.read_csv(tmp_path / "ranking.csv")
    assert table["purity_mean"].tolist() == [1.0]
