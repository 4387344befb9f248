from lensflow.workflow.inputs import (
    finder_inputs,
    finder_samples,
    ranker_inputs,
    sample_rankers,
)
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
        "rankers": "results/one/rankers.csv",
    }


def test_samples_with_true_labels_are_ranked_by_what_stands_beside_the_finder():
    (sample,) = sample_rankers(experiment())
    assert sample == "test"
    judged = ["pca_views_stand_in", "pca_views_known"]
    free = ["density_arcs", "arcs", "isolation_forest"]
    assert sample_rankers(experiment())["test"] == [*free, *judged]
    assert sample_rankers(experiment(baselines=False))["test"] == free
    assert sample_rankers(experiment(labels=["known"]))["test"] == [*free, judged[1]]


def test_rankers_read_images_only_where_one_looks_at_them():
    files = ranker_inputs(experiment())
    assert files["train_stacks"] == [f"results/one/log/stacks/train/shard_{i}.h5" for i in (0, 1)]
    assert files["stacks_test"] == [f"results/one/log/stacks/test/shard_{i}.h5" for i in (0, 1)]
    assert files["arcs_test"] == ["results/one/arcs_test.csv"]
    assert "scores_survey" not in files
    blind = ranker_inputs(experiment(baselines=False))
    assert not {"train_stacks", "stacks_test"} & set(blind)
    assert blind["embeddings_test"] == files["embeddings_test"]


def test_candidates_are_ranked_by_arcs_too_where_nobody_judges_and_they_help():
    assert experiment().unjudged_arcs_paths("survey") == []
    assert experiment().ranked_by("survey") == "stand_in"
    unjudged = experiment(labels=["nobody"])
    assert unjudged.unjudged_arcs_paths("survey") == ["results/one/arcs_survey.csv"]
    assert unjudged.ranked_by("survey") == "density_arcs"
    polar = experiment("polar", labels=["nobody"])
    assert polar.unjudged_arcs_paths("survey") == []
    assert polar.ranked_by("survey") == "density"


def test_images_without_sky_noise_have_no_arcs():
    unjudged = experiment(labels=["nobody"])
    unjudged.config["datasets"]["survey"]["state"] = "denoised"
    assert unjudged.unjudged_arcs_paths("survey") == []
    assert unjudged.rankers("survey") == ["density", "isolation_forest"]
