from lensflow.figures import roc


def test_names_of_resampled_sets():
    assert roc._name("sample", "test_1to10000") == "1:10000"
