import pytest

from lensflow.errors import ArtifactError
from lensflow.evaluate.scored import ScoredSample, check_same_rows, read_scored
from lensflow.samples import Run


def test_runs_with_other_rows_are_refused(folders):
    scores = [
        read_scored(Run("log", 3, i), "test", f / "scores_test.csv", f / "embeddings_test.h5")
        for i, f in enumerate(folders)
    ]
    check_same_rows(scores)
    other = ScoredSample(scores[1].run, "test", scores[1].table.iloc[::-1], scores[1].passes)
    with pytest.raises(ArtifactError, match="different rows of the sample 'test'"):
        check_same_rows([scores[0], other])


def test_scores_of_other_embeddings_are_refused(folders):
    files = folders[0] / "scores_test.csv", folders[0] / "embeddings_train.h5"
    with pytest.raises(ArtifactError, match="score the sample again"):
        read_scored(Run("log", 3, 0), "test", *files)


def test_a_sample_says_by_whom_it_was_judged(folders):
    files = folders[0] / "scores_test.csv", folders[0] / "embeddings_test.h5"
    assert read_scored(Run("log", 3, 0), "test", *files).judgements == ["known", "stand_in"]
