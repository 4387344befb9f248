import pandas as pd

from lensflow.cluster import clusterers
from unit.cluster.conftest import fit_classes, write_classes


def test_shards_are_fitted_as_one_sample(folder):
    write_classes(folder / "whole.h5")
    whole = fit_classes([folder / "whole.h5"], folder, "w.h5", "t.csv")
    assert whole.hash == clusterers.load(folder / "mixture.h5").hash


def test_the_template_counts_members_and_is_empty(folder):
    template = pd.read_csv(folder / "template.csv")
    assert template["probability"].isna().all()
    assert template["n_members"].tolist() == [30, 30]
