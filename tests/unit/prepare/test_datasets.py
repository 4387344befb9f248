import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.errors import ConfigError
from lensflow.prepare.datasets import check_datasets


@pytest.fixture
def indexes(tmp_path):
    paths = []
    for name, labels in {"a": [1, 1, 0, -1], "b": [-1, -1]}.items():
        paths.append(tmp_path / f"{name}.h5")
        with artifacts.create(paths[-1], "index") as writer:
            writer.strings("id", [f"{name}{i}" for i in range(len(labels))])
            artifacts.write_table(writer, "catalogue", pd.DataFrame({"is_lens": labels}))
    split = pd.DataFrame({"id": ["NA", "b", "c"], "sample": ["train", "train", "test"]})
    split.to_csv(tmp_path / "split.csv", index=False)
    return paths


def test_images_and_labels_are_counted(indexes, tmp_path):
    output = tmp_path / "out/datasets.csv"
    check_datasets(["a", "b"], indexes, tmp_path / "split.csv", 2, output)
    assert output.read_text() == "dataset,n_images,n_lens,n_nonlens\na,4,2,1\nb,2,0,0\n"


def test_more_clusters_than_images_are_refused(indexes, tmp_path):
    with pytest.raises(ConfigError, match=r"n_components is 3 .* has 2 images; expected fewer"):
        check_datasets(["a", "b"], indexes, tmp_path / "split.csv", 3, tmp_path / "out.csv")
