import numpy as np
import pandas as pd

from lensflow.evaluate.metrics import lenses_among_best
from lensflow.figures.ranking import labelled_scores


def test_weights_and_ties_count_and_unknown_images_do_not(tmp_path):
    table = {
        "id": list("abcde"),
        "is_lens": [1, 0, 1, 0, -1],
        "p_lens_known": [0.9, 0.9, 0.2, 0.1, 1.0],
    }
    pd.DataFrame(table).to_csv(tmp_path / "scores.csv", index=False)
    run = labelled_scores(tmp_path / "scores.csv", "known")
    found = lenses_among_best(*run, np.array([0, 4, 5]), weight=np.array([1, 3, 1, 0]))
    assert found.tolist() == [0, 1, 2]
