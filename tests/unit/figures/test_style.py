from lensflow.figures.style import sample_name


def test_figures_call_samples_by_plain_names():
    assert sample_name("train") == "training sample"
    assert sample_name("sim_challenge") == "sim_challenge"
