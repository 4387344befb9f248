import pytest

from artifact_examples import made
from lensflow import artifacts
from lensflow.errors import ArtifactError
from lensflow.files import provenance
from lensflow.files.provenance import Origin


def test_what_a_job_writes_says_where_it_comes_from(tmp_path):
    path = tmp_path / "results/demo/log/stack.h5"
    with provenance.made_by(Origin({"split": "ab", "index": "cd"}, "ef", "01")):
        made(path)
    with artifacts.open(path, "stack") as f:
        assert f.attrs["made_as"] == "results/demo/log/stack.h5"
        assert artifacts.origin(f) == {"split": "ab", "index": "cd", "config": "ef", "code": "01"}
    with artifacts.open(made(tmp_path / "other.h5"), "stack") as f:
        assert artifacts.origin(f) == {}


def test_ancestors_are_handed_down_and_must_agree(tmp_path):
    encoders = [made(tmp_path / f"encoder_{i}.h5", "encoder") for i in range(2)]
    embeddings = []
    for number, encoder in enumerate(encoders):
        with artifacts.descending(encoder=encoder):
            embeddings.append(made(tmp_path / f"embeddings_{number}.h5", "embeddings"))
    with artifacts.descending(embeddings[0]):
        mixture = made(tmp_path / "mixture.h5", "mixture")
    expected = {"origin_encoder": artifacts.content_of(encoders[0])}
    assert artifacts.ancestors(mixture, embeddings[0], encoder=encoders[0]) == expected
    for strangers in ({"encoder": encoders[1]}, {}):
        with pytest.raises(ArtifactError, match=r"do not belong together.*from the encoder"):
            artifacts.ancestors(mixture, *([] if strangers else embeddings), **strangers)
