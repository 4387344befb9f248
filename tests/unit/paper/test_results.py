import pytest

from lensflow.paper.results import Results
from unit.paper.conftest import experiment


@pytest.mark.parametrize(
    ("labels", "judgement", "reason"),
    [
        (["known"], "known", "clusters judged by all true labels, not by eye"),
        (["known", "stand_in"], "stand_in", "clusters judged by 25 true labels each, not by eye"),
        (["known", "stand_in", "person"], "person", ""),
    ],
)
def test_the_judgement_that_counts_is_said_unless_it_is_the_papers(labels, judgement, reason):
    results = Results(experiment("paper", "paper", "hard", labels=labels), {})
    assert results.judgement == judgement
    assert results.differences() == [reason] * bool(reason)
    assert results.differences(judged=False) == []


def test_smaller_runs_and_simulated_images_differ_from_the_paper():
    found = Results(experiment("paper", "paper", "small", fraction=0.1), {}).differences()
    assert found[:2] == [
        "simulated images, not the challenge's",
        "0.1 of the paper's number of images",
    ]
    whole = Results(experiment("far", "unlabelled", "hard", fraction=0.1), {})
    assert "0.1 of the paper's number of images" not in whole.differences()


def test_a_sample_at_a_ratio_is_of_the_same_images():
    results = Results(experiment("paper", "paper", "small", ["hard"]), {})
    assert results.data("test_1to10000") == results.data("train")
    assert results.data("train") == "simulated (small: 1,234 images)"
    assert results.data("hard") == "Lens Finding Challenge 1.0 (hard)"
