"""Every choice of an experiment, and every path: literally those that others rely on."""

import copy

import pytest
import yaml

import network_presets
from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.errors import ConfigError
from lensflow.experiment import Experiment, Project
from lensflow.networks.kinds import NETWORKS
from lensflow.samples.runs import Run
from lensflow.workflow.config import complete, effective
from lensflow.workflow.guidance import next_steps

NETWORK = {
    "encoder": [{"filters": 8, "kernel": 3}, {"filters": 8, "kernel": 3}],
    "decoder": [{"filters": 8, "kernel": 3, "padding": "same"}] * 2,
    "output_kernel": 3,
}
TRAINING = {"epochs": 1, "batch_size": 8, "learning_rate": 0.003}
PRESET = {
    "image_size": 26,
    "denoiser": NETWORK,
    "autoencoder": {**NETWORK, "dense": [16], "embedding_activation": "linear"},
    "training": {"denoiser": TRAINING, "autoencoder": TRAINING},
}
TAUGHT = {
    "encoder": "polar",
    "student": {"image_size": 13, "convolutions": [{"filters": 4, "kernel": 3}]},
    "training": {"student": TRAINING},
}
SIMULATED = {"kind": "simulate", "population": "training", "n_objects": 20000, "shards": 2}
FIRST = {
    "dataset": "here",
    "protocol": "paper",
    "preset": "tiny",
    "scales": ["log", "linear"],
    "n_features": [4, 20],
    "runs": 2,
    "shards": 3,
    "headline": {"scale": "log", "n_features": 4},
    "apply_to": ["there"],
    "injections": None,
    "appendix_a": {},
    "compare_paper": {"honest": "second", "challenge": "third"},
}
PLAIN = {"dataset": "here", "preset": "tiny", "scales": ["log"], "n_features": [4], "runs": 1}


def project(folder=None, run=("first", "second", "third"), **changes):
    """Return a project of three experiments, each changed as asked for.

    With a folder there are an experiment on images without labels in it, and these images under
    ``apply_to`` of another.
    """
    there = {**SIMULATED, "population": "challenge", "first_id": 200000, "n_objects": 40}
    config = {
        "run": list(run),
        "datasets": {"here": {**SIMULATED, "source_images": True}, "there": there},
        "presets": {"tiny": PRESET, "polar": {"encoder": "polar"}, "taught": TAUGHT},
        "experiments": {
            "first": FIRST,
            "second": {**PLAIN, "protocol": "honest"},
            "third": {**PLAIN, "dataset": "there", "protocol": "unlabelled"},
        },
    }
    if folder:
        table = "judged/{scale}_{n_features}_{run}.csv"
        person = {"labels": ["person"], "person_labels": table}
        config["datasets"]["images"] = {"kind": "fits", "path": str(folder), "zero_point": 25.0}
        unlabelled = {**PLAIN, "dataset": "images", "protocol": "unlabelled", **person}
        config["experiments"]["unlabelled"] = unlabelled
        config["experiments"]["mixed"] = {**PLAIN, "protocol": "paper", "apply_to": ["images"]}
    config = copy.deepcopy(config)
    for name, keys in changes.items():
        config["experiments"][name] |= keys
    return Project(complete(config))


@pytest.fixture
def first():
    return project().experiments["first"]


# --- choices ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["known"], "known"),
        (["stand_in"], "stand_in"),
        (["known", "stand_in"], "stand_in"),
        (["known", "person"], "person"),
        (["stand_in", "person"], "person"),
        (["person"], "person"),
        (["known", "stand_in", "person"], "person"),
    ],
)
def test_whose_judgement_counts(labels, expected):
    table = "j/{scale}_{n_features}_{run}.csv" if "person" in labels else None
    chosen = project(first={"labels": labels, "person_labels": table}).experiments["first"]
    assert chosen.judgement is JUDGEMENTS[expected]
    assert chosen.judgements == labels


def test_a_person_is_waited_for_where_nobody_ranks_meanwhile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = {"labels": ["nobody", "person"], "person_labels": "{scale}_{n_features}_{run}.csv"}
    third = {**asked, "runs": 2}
    chosen = project(third=third).experiments["third"]
    assert chosen.pending == {"person": ["log_4_0.csv", "log_4_1.csv"]}
    assert (chosen.judgements, chosen.probabilities) == (["nobody"], [])
    assert chosen.judgement is JUDGEMENTS["nobody"]

    (tmp_path / "log_4_1.csv").touch()
    chosen = project(third=third).experiments["third"]
    assert chosen.pending == {"person": ["log_4_0.csv"]}
    (step,) = next_steps(project(run=["third"], third=third))
    assert "save it as log_4_0.csv" in step
    assert "results/third/figures/clusters_unlabelled_log_features_4_run_0.png" in step
    assert next_steps(project(run=["second"], third=third)) == []

    (tmp_path / "log_4_0.csv").touch()
    chosen = project(third=third).experiments["third"]
    assert chosen.pending == {}
    assert (chosen.judgements, chosen.probabilities) == (["nobody", "person"], ["person"])
    assert chosen.judgement is JUDGEMENTS["person"]


def test_without_nobody_a_missing_table_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chosen = project(third={"labels": ["person"], "person_labels": "j.csv"}).experiments["third"]
    assert chosen.pending == {}
    assert chosen.judgements == ["person"]


def test_a_survey_ranks_itself_and_others_do_not():
    everything = project(third={"apply_to": ["here"]}).experiments
    assert everything["third"].candidate_datasets == ["there", "here"]
    assert everything["third"].candidate_sample("there") == "train"
    assert everything["third"].candidate_sample("here") == "here"
    assert everything["first"].candidate_datasets == ["there"]


def test_an_encoder_without_a_network_has_no_denoiser_and_other_seeds():
    polar = {"preset": "polar", "scales": ["sigma"], "n_features": [4], "runs": 3}
    chosen = project(second=polar).experiments["second"]
    assert not chosen.denoises
    assert chosen.needed_denoiser_paths("sigma") == []
    assert chosen.denoised_paths("sigma", "train") == []
    expected = ["results/second/sigma/stacks/train/shard_0.h5"]
    assert chosen.encoder_input_paths("sigma", "train") == expected
    assert chosen.encoder_path(Run("sigma", 4, 1)).endswith("run_1/polar.h5")
    assert chosen.shown_scale == "log"
    assert chosen.pooling == "d4"
    assert [chosen.mixture_seed(run) for run in range(3)] == [1, 2, 3]

    network = project().experiments["first"]
    assert network.denoises
    assert network.needed_denoiser_paths("log") == ["results/first/log/denoiser.weights.h5"]
    assert network.encoder_input_paths("log", "test") == network.denoised_paths("log", "test")
    assert network.shown_scale == "log"
    assert network.pooling == "none"
    assert {network.mixture_seed(run) for run in range(3)} == {1}


@pytest.mark.parametrize(
    ("protocol", "samples", "held_out", "headline", "paper", "ratio"),
    [
        ("paper", ["train", "test"], "test", "test", "train", "test"),
        ("honest", ["train", "test"], "test", "test", "test", None),
        ("unlabelled", ["train"], None, "train", "train", None),
    ],
)
def test_samples_follow_from_the_protocol(protocol, samples, held_out, headline, paper, ratio):
    changes = {"protocol": protocol, "compare_paper": None}
    chosen = project(first=changes).experiments["first"]
    assert chosen.protocol == protocol
    assert chosen.own_samples == samples
    assert chosen.samples == [*samples, "there"]
    assert chosen.held_out_sample == held_out
    assert chosen.headline_sample == headline
    assert chosen.paper_sample == paper
    assert chosen.ratio_sample == ratio


def test_a_dataset_is_labelled_by_its_kind(tmp_path):
    chosen = project(tmp_path)
    assert chosen.datasets["here"].is_labelled
    assert not chosen.datasets["images"].is_labelled
    assert chosen.experiments["first"].is_labelled
    assert not chosen.experiments["unlabelled"].is_labelled
    labelled = chosen.experiments["mixed"].labelled_datasets
    assert [dataset.name for dataset in labelled] == ["here"]


def test_what_else_a_dataset_says(tmp_path):
    chosen = project(tmp_path).datasets
    assert chosen["here"].is_simulated
    assert not chosen["images"].is_simulated
    assert (chosen["here"].keeps_sources, chosen["there"].keeps_sources) == (True, False)
    assert not chosen["images"].is_denoised
    assert chosen["here"].title == "simulated (here: 20,000 images)"
    assert chosen["images"].title == "FITS cutouts (images)"
    assert "simulated images" in chosen["here"].words


def test_the_cut_is_shown_of_a_labelled_dataset_applied_to_else_of_the_headline(tmp_path):
    chosen = project(tmp_path).experiments
    assert chosen["first"].cut_sample == "there"
    assert chosen["second"].cut_sample == "test"
    assert chosen["third"].cut_sample == "train"
    assert chosen["mixed"].cut_sample == "test"


def test_a_sample_has_the_images_and_the_shards_of_its_dataset(first):
    assert first.sample_dataset("train").name == first.sample_dataset("test").name == "here"
    assert first.sample_dataset("there").name == "there"
    assert [first.n_shards(sample) for sample in first.samples] == [3, 3, 2]
    assert [dataset.name for dataset in first.datasets] == ["here", "there"]
    assert first.candidate_datasets == ["there"]


def test_there_are_as_many_clusters_as_features_unless_configured(first):
    assert first.n_components(20) == 20
    chosen = project(first={"mixture": {"n_components": 7}}).experiments["first"]
    assert chosen.n_components(20) == 7


def test_the_encoder_is_that_of_the_preset(first):
    assert first.encoder.name == "autoencoder"
    assert first.preset["image_size"] == 26


POLAR = {"preset": "polar", "scales": ["sigma"], "n_features": [4, 6], "runs": 2}


def test_without_company_scores_are_where_they_were():
    chosen = project().experiments["second"]
    run, folder = Run("log", 4, 0), "results/second/log/features_4/run_0/scores/test"
    assert not chosen.keeps_scores
    assert chosen.score_paths(run, "test") == [f"{folder}/shard_0.csv"]
    assert chosen.final_score_paths(run, "test") == chosen.score_paths(run, "test")
    assert chosen.teacher_score_paths(run) == chosen.score_paths(run, "train")
    assert chosen.further_paths(run) == {"mixture": [], "shares": []}


def beside(**changes):
    """Return a project in which an experiment of polar features stands beside `second`."""
    config = {"second": {**POLAR, "beside": ["first"], **changes}}
    first = {"protocol": "honest", "compare_paper": None, "shards": 1}
    return project(run=["second"], first=first, **config)


def test_experiments_side_by_side_share_runs_by_number():
    chosen = beside().experiments["second"]
    run = Run("sigma", 6, 1)
    own, other = chosen.all_score_paths(run, "test")
    assert own == ["results/second/sigma/features_6/run_1/clusters/test/shard_0.csv"]
    # The run of the same number of the other's headline model.
    assert other == ["results/first/log/features_4/run_1/clusters/test/shard_0.csv"]
    folder = "results/second/sigma/features_6/run_1/teacher"
    assert chosen.teacher_score_paths(run) == [f"{folder}/train/shard_0.csv"]
    assert chosen.final_score_paths(run, "test") == [f"{folder}/test/shard_0.csv"]


def test_who_stands_beside_another_is_part_of_what_that_depends_on():
    chosen = beside()
    again = Project(complete(yaml.safe_load(effective(chosen.config, "second"))))
    assert set(again.experiments) == {"second", "first"}
    assert set(again.config["presets"]) == {"polar", "tiny"}
    paths = again.experiments["second"].all_score_paths(Run("sigma", 4, 0), "train")
    assert paths == chosen.experiments["second"].all_score_paths(Run("sigma", 4, 0), "train")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"beside": ["second"]}, "second.beside names the experiment itself"),
        ({"runs": 1}, "names 'first', whose runs is 2, not 1; give both the same runs"),
        ({"shards": 2}, "whose shards is 1, not 2"),
        ({"fraction": 0.5}, "whose fraction is 1, not 0.5"),
        ({"protocol": "paper"}, "whose protocol is 'honest', not 'paper'"),
        ({"labels": ["known", "counted"]}, r"whose labels lacks \['counted'\]; add them there"),
        ({"beside": ["third"]}, "names 'third', whose dataset is 'there', not 'here'"),
        ({"beside": ["fourth"]}, "second.beside names 'fourth'; known are"),
    ],
)
def test_company_that_does_not_fit_is_explained(changes, message):
    with pytest.raises(ConfigError, match=message):
        beside(**changes)


def test_who_stands_beside_another_has_nobody_beside():
    first = {"protocol": "honest", "compare_paper": None, "shards": 1, "beside": ["second"]}
    with pytest.raises(ConfigError, match=r"whose beside is \['second'\].*name all of them here"):
        project(first=first, second={**POLAR, "beside": ["first"]})


def test_all_who_stand_side_by_side_are_judged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = {"labels": ["nobody", "person"], "runs": 1}
    other = {**asked, "person_labels": "other_{scale}_{n_features}.csv", "protocol": "honest"}
    first = {**other, "compare_paper": None, "shards": 1}
    own = {**POLAR, **asked, "person_labels": "own_{n_features}.csv", "beside": ["first"]}
    chosen = project(run=["second"], first=first, second=own)
    expected = ["own_4.csv", "own_6.csv", "other_log_4.csv"]
    assert chosen.experiments["second"].pending == {"person": expected}
    steps = next_steps(chosen)
    assert ["save it as own_6.csv" in steps[0], "save it as other_log_4.csv" in steps[1]] == [1, 1]
    for name in expected:
        (tmp_path / name).touch()
    assert project(run=["second"], first=first, second=own).experiments["second"].pending == {}


def test_a_judgement_is_spread_over_mixtures_of_other_seeds():
    chosen = project(second={"mixture": {"spread": 2}, "runs": 2}).experiments["second"]
    folder = "results/second/log/features_4/run_1/spread"
    assert chosen.further_paths(Run("log", 4, 1)) == {
        "mixture": [f"{folder}/mixture_0.h5", f"{folder}/mixture_1.h5"],
        "shares": [f"{folder}/shares_0.h5", f"{folder}/shares_1.h5"],
    }
    assert "spread" not in chosen.mixture_settings
    assert len({chosen.further_seed(0, 0), chosen.further_seed(0, 1), chosen.mixture_seed(0)}) == 3
    assert not chosen.keeps_scores


def test_grades_are_waited_for_and_rank_then(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    graded = {"grades": ["one.csv", "two.csv"]}
    chosen = project(run=["second"], second=graded)
    run = Run("log", 4, 0)
    folder = "results/second/log/features_4/run_0"
    assert not chosen.experiments["second"].has_head
    # What is not yet combined is kept already: grades are to rerun nothing before them.
    expected = [f"{folder}/clusters/test/shard_0.csv"]
    assert chosen.experiments["second"].final_score_paths(run, "test") == expected
    assert ["no grades in one.csv yet" in next_steps(chosen)[0], len(next_steps(chosen))] == [1, 2]

    (tmp_path / "two.csv").touch()
    chosen = project(run=["second"], second=graded)
    assert chosen.experiments["second"].grade_paths == ["two.csv"]
    assert chosen.experiments["second"].ungraded_score_paths(run, "test") == expected
    final = [f"{folder}/graded/test/shard_0.csv"]
    assert chosen.experiments["second"].final_score_paths(run, "test") == final
    assert len(next_steps(chosen)) == 1


def test_nobodys_judgement_has_no_head(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.csv").touch()
    third = {"labels": ["nobody"], "grades": ["one.csv"]}
    assert not project(third=third).experiments["third"].has_head


def test_where_to_look_next_is_said_where_a_person_judges(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    third = {"labels": ["nobody", "person"], "person_labels": "j.csv", "runs": 1}
    path = "results/third/log/features_4/run_0/next_looks.csv"
    assert project(third=third).look_paths == [path]
    assert project().look_paths == []
    (step,) = next_steps(project(run=["third"], third=third))
    assert f"{path} says which clusters matter most" in step
    (tmp_path / "j.csv").touch()
    assert next_steps(project(run=["third"], third=third)) == []
    looks = tmp_path / path
    looks.parent.mkdir(parents=True)
    looks.write_text("cluster,expected_lenses\n7,1.5\n3,0.1\n")
    (step,) = next_steps(project(run=["third"], third=third))
    assert "look at cluster 7" in step
    looks.write_text("cluster,expected_lenses\n7,0\n")
    assert next_steps(project(run=["third"], third=third)) == []


# --- models -----------------------------------------------------------------------------------


def test_runs_are_in_the_order_of_scale_features_and_number(first):
    assert [tuple(run) for run in first.runs] == [
        *(("log", 4, 0), ("log", 4, 1), ("log", 20, 0), ("log", 20, 1)),
        *(("linear", 4, 0), ("linear", 4, 1), ("linear", 20, 0), ("linear", 20, 1)),
    ]
    assert first.headline_runs == [Run("log", 4, 0), Run("log", 4, 1)]
    assert first.model == {"scale": "log", "n_features": 4}


def test_without_a_headline_it_is_the_first_scale_and_the_last_number_of_features():
    chosen = project(first={"headline": None}).experiments["first"]
    assert chosen.model == {"scale": "log", "n_features": 20}


@pytest.mark.parametrize(
    ("changes", "n_features"),
    [
        ({}, 20),  # the paper's, where they are trained
        ({"n_features": [4, 6]}, 4),  # else the headline's
        ({"appendix_a": {"n_features": 4}}, 4),
    ],
)
def test_appendix_a_is_of_the_linear_scale(changes, n_features):
    chosen = project(first=changes).experiments["first"]
    assert chosen.appendix_runs == [Run("linear", n_features, run) for run in (0, 1)]


# --- projects ---------------------------------------------------------------------------------


def test_an_experiment_stands_beside_its_partners_where_they_are_run():
    chosen = project()
    first = chosen.experiments["first"]
    assert chosen.chosen == list(chosen.experiments.values())
    assert chosen.compared == [first]
    assert chosen.partner(first, "honest").name == "second"
    assert chosen.partner(first, "challenge").name == "third"
    assert chosen.partner(chosen.experiments["second"], "challenge") is None
    roles = {role: one.name for role, one in chosen.comparisons[0].items()}
    assert roles == {"training": "first", "honest": "second", "challenge": "third"}


def test_an_experiment_alone_has_no_partner():
    chosen = project(run=["first"])
    roles = {role: one and one.name for role, one in chosen.comparisons[0].items()}
    assert roles == {"training": "first", "honest": None, "challenge": None}
    assert chosen.candidate_paths == ["results/first/candidates_there.csv"]


def test_a_preset_with_a_student_has_one_and_others_do_not():
    taught = {"preset": "taught", "scales": ["sigma"], "n_features": [4], "shards": 2}
    chosen = project(second={**taught, "apply_to": ["there"]}).experiments["second"]
    run = Run("sigma", 4, 0)
    folder = "results/second/sigma/features_4/run_0"
    assert chosen.has_student
    assert chosen.student_path(run, "known") == f"{folder}/student_known.weights.h5"
    assert chosen.teacher_score_paths(run) == [
        # Kept, since a student is not to be trained again where they are only made again.
        f"{folder}/clusters/train/shard_{shard}.csv"
        for shard in (0, 1)
    ]
    assert chosen.final_score_paths(run, "there")[1] == f"{folder}/taught/there/shard_1.csv"
    assert chosen.prediction_paths(run, "stand_in", "test") == [
        f"{folder}/student/stand_in/test/shard_{shard}.h5" for shard in (0, 1)
    ]
    assert chosen.prediction_paths(run, "known", "there") == [
        f"{folder}/student/known/there/shard_{shard}.h5" for shard in (0, 1)
    ]
    assert not project().experiments["second"].has_student


# --- paths ------------------------------------------------------------------------------------


def test_paths_of_a_dataset(tmp_path):
    chosen = project(tmp_path).datasets
    here = chosen["here"]
    assert here.image_paths == [f"results/data/here/images/shard_{i}.h5" for i in (0, 1)]
    assert here.index_path == "results/data/here/index.h5"
    assert here.manifest_path == "results/data/here/manifest.h5"
    assert here.quarantine_path == "results/data/here/quarantine.csv"
    assert here.shard_quarantine_paths[1] == "results/data/here/images/quarantine_1.csv"
    assert here.simulated_parts[1] == "results/data/here/simulated/Data.1/catalogue_part.csv"
    assert here.cutout_sources == [
        "results/data/here/simulated/classifications.csv",
        "results/data/here/simulated/Data.0/Public",
        "results/data/here/simulated/Data.1/Public",
    ]
    assert chosen["images"].cutout_folder == str(tmp_path)
    assert chosen["images"].cutout_sources == [str(tmp_path)]


def test_paths_of_a_run(first):
    run, folder = Run("log", 4, 1), "results/first/log/features_4/run_1"
    assert first.run_path(run) == folder
    assert first.encoder_path(run) == f"{folder}/autoencoder.weights.h5"
    assert first.mixture_path(run) == f"{folder}/mixture.h5"
    assert first.cluster_labels_path(run, "known") == f"{folder}/cluster_labels_known.csv"
    assert first.cluster_labels_path(run, "stand_in") == f"{folder}/cluster_labels_stand_in.csv"
    assert first.embedding_paths(run, "there") == [
        f"{folder}/embeddings/there/shard_{i}.h5" for i in (0, 1)
    ]
    assert first.score_paths(run, "test") == [
        f"{folder}/scores/test/shard_{i}.csv" for i in (0, 1, 2)
    ]
    assert first.source_embedding_paths(run) == [f"{folder}/sources/shard_{i}.h5" for i in (0, 1)]


def test_a_persons_table_is_where_it_was_said_to_be(tmp_path):
    chosen = project(tmp_path).experiments["unlabelled"]
    assert chosen.cluster_labels_path(Run("log", 4, 0), "person") == "judged/log_4_0.csv"


def test_files_of_all_samples_are_listed_run_by_run():
    chosen = project(first={"scales": ["linear"], "n_features": [4], "headline": None})
    paths = chosen.experiments["first"].sample_paths("scores_{sample}.csv")
    assert paths == [
        f"results/first/linear/features_4/run_{run}/scores_{sample}.csv"
        for run in (0, 1)
        for sample in ("train", "test", "there")
    ]


def test_files_of_all_runs_and_of_the_headline(first):
    assert len(first.run_paths("mixture.h5")) == 8
    assert first.headline_path("mixture.h5") == "results/first/log/features_4/run_0/mixture.h5"
    assert first.headline_paths("scores_test.csv") == [
        f"results/first/log/features_4/run_{run}/scores_test.csv" for run in (0, 1)
    ]


def test_paths_of_an_experiment(first):
    assert first.config_path == "results/first/config.yaml"
    assert first.split_path == "results/first/split.csv"
    assert first.table_path("metrics") == "results/first/metrics.csv"
    assert first.figure_path("null") == "results/first/figures/null.png"
    assert first.candidates_path("there") == "results/first/candidates_there.csv"
    assert first.denoiser_path("log") == "results/first/log/denoiser.weights.h5"
    assert first.denoiser_history_path("log") == "results/first/log/denoiser_history.csv"


def test_stacks_are_those_of_the_own_samples(first):
    assert first.stack_paths("log", "denoised", "test") == [
        f"results/first/log/denoised/test/shard_{i}.h5" for i in (0, 1, 2)
    ]
    assert first.stack_paths("log", "stacks", "there") == []
    assert project().experiments["third"].stack_paths("log", "stacks", "test") == []


def test_baselines_need_labels_and_can_be_left_out(tmp_path):
    chosen = project(tmp_path, second={"baselines": False}).experiments
    assert chosen["first"].baseline_paths == [
        "results/first/log/baselines.csv",
        "results/first/linear/baselines.csv",
    ]
    assert chosen["second"].baseline_paths == []
    assert chosen["unlabelled"].baseline_paths == []


# What each stage uses of a preset, by the networks that it has to do with.
STAGES = {
    "train_denoiser": lambda e: e.preset_of("denoiser"),
    "train_autoencoder": lambda e: e.preset_of("autoencoder"),
    "train_contrastive": lambda e: e.preset_of("contrastive"),
    "train_student": lambda e: e.preset_of("student"),
    "encode": lambda e: e.encoder_preset,
    "embed_images": lambda e: e.embedding_preset,
}
WITH_STUDENT = {
    "autoencoder": {**network_presets.tiny(), "student": network_presets.tiny_student()["student"]},
    "contrastive": {
        **network_presets.tiny_contrastive(),
        "student": network_presets.tiny_student()["student"],
    },
    "polar": {**network_presets.tiny_student(), "encoder": "polar", "n_views": 6},
}
WITH_STUDENT["autoencoder"]["training"]["student"] = dict(TRAINING)
WITH_STUDENT["contrastive"]["training"]["student"] = dict(TRAINING)


def leaves(value, path=()):
    """Yield the path of every value of a nested mapping."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from leaves(inner, (*path, key))
        else:
            yield (*path, key)


def used_by(encoder, path):
    """The stages that a value of a preset changes: the networks that it speaks of, or all."""
    encodes = ["encode", "embed_images"]
    own = {"autoencoder": ["train_autoencoder"], "contrastive": ["train_contrastive"]}
    trained = own.get(encoder, [])
    denoised = ["train_denoiser"] if encoder == "autoencoder" else []
    of_network = {
        "denoiser": [*denoised, "embed_images"],
        encoder: [*trained, *encodes],
        "student": ["train_student"],
    }
    part = path[1] if path[0] == "training" else path[0]
    every = [*denoised, *trained, "train_student", *encodes]
    no_network = encodes if encoder == "polar" and part == "precision" else []
    return set(of_network.get(part, every)) - set(no_network)


@pytest.mark.parametrize(
    ("encoder", "path"),
    [
        (name, path)
        for name, preset in WITH_STUDENT.items()
        for path in leaves(preset)
        # The encoder says which stages there are.
        if path != ("encoder",)
    ],
)
def test_a_key_of_a_preset_changes_the_stages_that_use_it_and_no_other(encoder, path):
    def stages(preset):
        settings = {"dataset": "d", "preset": "p"}
        config = {"presets": {"p": preset}, "experiments": {"e": settings}, "datasets": {}}
        experiment = Experiment("e", config)
        trains = [f"train_{name}" for name in NETWORKS if name in preset]
        return {name: STAGES[name](experiment) for name in (*trains, "encode", "embed_images")}

    before, changed = WITH_STUDENT[encoder], copy.deepcopy(WITH_STUDENT[encoder])
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = "changed"
    old, new = stages(before), stages(changed)
    assert {name for name in old if old[name] != new[name]} == used_by(encoder, path)
