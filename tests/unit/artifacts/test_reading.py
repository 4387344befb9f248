import contextlib
import re

import h5py
import numpy as np
import pandas as pd
import pytest

from artifact_examples import TABLE
from lensflow import artifacts
from lensflow.errors import ArtifactError


def test_everything_reads_back(example):
    with artifacts.open(example, "images") as f:
        assert artifacts.read(f, "flux").tolist() == np.arange(60.0).reshape(3, 4, 5).tolist()
        assert artifacts.read(f, "flux", slice(1, 2)).shape == (1, 4, 5)
        assert list(artifacts.read_strings(f, "id")) == ["100", "β-2", ""]
        assert list(artifacts.read_strings(f, "names", slice(1, 2))) == ["b"]
        assert artifacts.read_strings(f, "provenance/config").startswith("run: [demo]\n")
        assert artifacts.read(f, "grown").sum() == 5 * 101 * 101
        assert f["flux"].attrs["units"] == "AB maggies"
        assert f.attrs["dataset"] == "tiny"
        assert f.attrs["creator"] == "lensflow"
        pd.testing.assert_frame_equal(artifacts.read_table(f, "catalogue"), TABLE)
        some = artifacts.read_table(f, "catalogue", slice(2, 3))
        assert some["is_lens"].tolist() == [-1]


def test_wrong_kind(example):
    message = r"example.h5: root attribute format is lensflow-images, lensflow-stack"
    with pytest.raises(ArtifactError, match=message), artifacts.open(example, "stack"):
        pass


def test_wrong_version(example):
    with h5py.File(example, "r+") as f:
        f.attrs["format_version"] = 99
    message = "example.h5: root attribute format_version is 99, 2 was expected"
    with pytest.raises(ArtifactError, match=message), artifacts.open(example, "images"):
        pass


def test_a_foreign_hdf5_file(tmp_path):
    h5py.File(tmp_path / "x.h5", "w").close()
    with (
        pytest.raises(ArtifactError, match="format is None"),
        artifacts.open(tmp_path / "x.h5", "images"),
    ):
        pass


@pytest.mark.parametrize("reader", [artifacts.read, artifacts.read_strings, artifacts.read_table])
@pytest.mark.parametrize("key", ["flix", "catalogue/flix", "no/such"])
def test_a_missing_key_is_named_with_the_file(example, reader, key):
    with artifacts.open(example, "images") as f:
        with pytest.raises(ArtifactError, match=rf"example.h5: there is no .* /{key}") as caught:
            reader(f, key)
        assert ("zeta" if key.startswith("catalogue") else "sky_sigma") in str(caught.value)


def test_strings_asked_of_numbers(example):
    with (
        artifacts.open(example, "images") as f,
        pytest.raises(ArtifactError, match="/flux holds float32"),
    ):
        artifacts.read_strings(f, "flux")


def test_missing_file(tmp_path):
    with (
        pytest.raises(ArtifactError, match=r"no\.h5 does not exist"),
        artifacts.open(tmp_path / "no.h5", "images"),
    ):
        pass


@pytest.mark.parametrize("keep", [0, 5, 100, 600, 0.5, 0.99])
def test_truncated_file(example, keep):
    data = example.read_bytes()
    example.write_bytes(data[: int(keep if isinstance(keep, int) else keep * len(data))])
    with pytest.raises(ArtifactError, match=r"example\.h5"), artifacts.open(example, "images"):
        pass


def test_damaged_data_are_noticed_and_named(example):
    with h5py.File(example, "r") as f:
        where = f["sky_sigma"].id.get_chunk_info(0).byte_offset
    with example.open("r+b") as f:
        f.seek(where + 3)
        f.write(b"\xff\xff")
    with (
        artifacts.open(example, "images") as f,
        pytest.raises(ArtifactError, match=r"example\.h5: /sky_sigma cannot be read"),
    ):
        artifacts.read(f, "sky_sigma")


def test_any_damaged_byte_gives_values_or_an_artifact_error(example):
    data = bytearray(example.read_bytes())
    generator = np.random.default_rng(1)
    for place in generator.integers(0, len(data), 300):
        damaged = data.copy()
        damaged[place] ^= 0xFF
        example.write_bytes(damaged)
        with (
            contextlib.suppress(ArtifactError),
            artifacts.open(example, "images") as f,
        ):
            artifacts.read(f, "sky_sigma")
            artifacts.read_table(f, "catalogue")


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(11, "another process is writing"), (37, "BEST_EFFORT"), (524, "BEST_EFFORT")],
)
def test_lock_errors_say_what_to_do(example, monkeypatch, number, remedy):
    def refuse(*args, **kwargs):
        raise OSError(f"unable to lock file, errno = {number}, error message = 'no'")

    monkeypatch.setattr(h5py, "File", refuse)
    with (
        pytest.raises(ArtifactError, match=re.escape(str(example)) + f".*{remedy}"),
        artifacts.open(example, "images"),
    ):
        pass
    with pytest.raises(ArtifactError, match=remedy), artifacts.create(example, "images"):
        pass
