import pandas as pd

from lensflow.figures.candidates import candidate_sheet


def test_no_candidates_is_said(tmp_path, files):
    pd.DataFrame(columns=["rank", "id", "p_lens"]).to_csv(tmp_path / "none.csv", index=False)
    candidate_sheet(tmp_path / "none.csv", [], *files, scaling="log", judgement="known")
    assert files[0].stat().st_size > 1000
