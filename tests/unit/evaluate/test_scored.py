import pytest

from lensflow.errors import ArtifactError
from lensflow.evaluate.scored import check_same_rows, read_scored
from lensflow.samples.runs import Run
from lensflow.samples.scores import read_scores


def test_runs_with_other_rows_are_refused(folders):
    first, second = (read_scores(folder / "scores_test.csv") for folder in folders)
    check_same_rows("test", {0: first, 1: second})
    with pytest.raises(ArtifactError, match=r"^0 and 1 hold different rows of the sample 'test'"):
        check_same_rows("test", {0: first, 1: second.iloc[::-1]})


def test_scores_of_other_embeddings_are_refused(folders):
    files = folders[0] / "scores_test.csv", folders[0] / "embeddings_train.h5"
    with pytest.raises(ArtifactError, match="score the sample again"):
        read_scored(Run("log", 3, 0), "test", *files)


def test_a_sample_says_by_whom_it_was_judged(folders):
    files = folders[0] / "scores_test.csv", folders[0] / "embeddings_test.h5"
    assert read_scored(Run("log", 3, 0), "test", *files).judgements == ["known", "stand_in"]
