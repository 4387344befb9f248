"""What a student is told: compared with its images row by row, refused where it does not fit."""

import numpy as np
import pandas as pd
import pytest

from lensflow.errors import LabelError
from lensflow.samples.stacks import write_stack
from lensflow.train.targets import read_targets

ROWS = pd.DataFrame(
    {"id": ["07", "7", "a", "a", "b"], "rotation": [0, 0, 0, 1, 0], "is_lens": [1, 0, 1, 1, -1]}
)
NO_GRADES = pd.Series(dtype=float)
P_LENS = np.array([0.1, 0.9, 0.5, 0.25, 0.0])


def written(folder, scores=None, shards=((0, 3), (3, 5))):
    """Write stacks in two shards, and scores, by default of all rows backwards; return paths."""
    stacks = []
    for number, (first, last) in enumerate(shards):
        rows, images = ROWS[first:last], np.zeros((last - first, 3, 3), "float32")
        stacks.append(folder / f"stack_{number}.h5")
        write_stack(stacks[-1], rows, [images], 3, "log", "image")
    table = ROWS.assign(p_lens_known=P_LENS)[::-1] if scores is None else scores
    paths = [folder / "scores_0.csv", folder / "scores_1.csv"]
    table[:2].to_csv(paths[0], index=False)
    table[2:].to_csv(paths[1], index=False)
    return stacks, paths


def test_targets_follow_id_and_rotation_and_not_the_order(tmp_path):
    targets = read_targets(*written(tmp_path), "known", NO_GRADES)
    np.testing.assert_array_equal(targets, P_LENS.astype("float32"))
    assert targets.dtype == np.float32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table[1:], "1 rows .* have no score, the first has id '07' and rotation 0"),
        (lambda table: table.replace({"id": {"b": "c"}}), "no score, the first has id 'b'"),
        (lambda table: table.assign(rotation=0), "2 of 5 scores|1 of 5 scores.*more than once"),
        (
            lambda table: pd.concat([table, table[:1].assign(id="new")]),
            "1 rows .* have a score but no image, the first has id 'new'",
        ),
        (lambda table: table.assign(p_lens_known=[0.1, np.nan, 0.5, 0.2, 0]), "1 of 5 values"),
        (lambda table: table.assign(p_lens_known=[0.1, 1.01, 0.5, 0.2, -1]), "2 of 5 values"),
        (lambda table: table.drop(columns="p_lens_known"), "no column 'p_lens_known'"),
    ],
)
def test_scores_that_do_not_fit_are_refused(tmp_path, change, message):
    scores = change(ROWS.assign(p_lens_known=P_LENS))
    with pytest.raises(LabelError, match=message):
        read_targets(*written(tmp_path, scores), "known", NO_GRADES)


def test_another_judgement_is_not_taken_instead(tmp_path):
    with pytest.raises(LabelError, match="no column 'p_lens_person'"):
        read_targets(*written(tmp_path), "person", NO_GRADES)


def test_graded_images_have_their_labels_in_all_their_rotations(tmp_path):
    labels = pd.Series({"a": 0.5, "7": 0.0, "of another sample": 1.0})
    targets = read_targets(*written(tmp_path), "known", labels)
    np.testing.assert_array_equal(targets, np.array([0.1, 0.0, 0.5, 0.5, 0.0], "float32"))
