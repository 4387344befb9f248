from lensflow.workflow.inputs import finder_inputs, finder_samples
from unit.figures.test_catalogue import experiment

RUN = "results/one/log/features_6/run_{}/{}"


def test_the_finder_is_evaluated_on_what_is_held_out_and_what_it_is_applied_to():
    assert finder_samples(experiment(protocol="honest")) == ["test", "survey"]
    assert finder_samples(experiment(protocol="unlabelled")) == ["train", "survey"]


def test_its_scores_are_those_of_every_headline_run_sample_by_sample():
    assert finder_inputs(experiment()) == {
        "scores": [
            RUN.format(run, f"scores_{sample}.csv")
            for sample in ("test", "survey")
            for run in (0, 1)
        ],
        "train": [RUN.format(run, "scores_train.csv") for run in (0, 1)],
        "embeddings": [RUN.format(0, f"embeddings_{sample}.h5") for sample in ("test", "survey")],
        "indices": ["results/data/training/index.h5", "results/data/survey/index.h5"],
    }
