import pytest

from lensflow.samples.runs import Run
from small_projects import project


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


def test_sources_are_injected_into_what_is_ranked_and_into_no_other_sample():
    asked = {"completeness": {"n": 10, "pixel_scale": 0.1, "psf_fwhm": 0.18, "shards": 3}}
    chosen = project(datasets={"there": asked}).experiments
    first, second = chosen["first"], chosen["second"]
    assert first.completeness_datasets == ["there"]
    assert second.completeness_datasets == []
    # It trains on that dataset, and ranks it.
    assert chosen["third"].completeness_datasets == ["there"]
    sample = first.injected_sample("there")
    assert sample == "there_injected"
    assert sample not in first.samples
    assert sample not in [dataset.name for dataset in first.datasets]
    assert first.n_shards(sample) == 3
    assert len(first.final_score_paths(Run("log", 4, 0), sample)) == 3
    assert project().experiments["first"].completeness_datasets == []
