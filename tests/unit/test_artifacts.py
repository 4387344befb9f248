import contextlib
import multiprocessing
import re
import shutil
import subprocess
import time

import h5py
import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.errors import ArtifactError

TABLE = pd.DataFrame(
    {
        "zeta": np.array([1.5, np.nan, -2.0]),
        "id": ["100", "β-2", ""],
        "is_lens": np.array([1, 0, -1], dtype=np.int8),
    }
)


def write_example(path, image=None):
    image = np.arange(60, dtype="f4").reshape(3, 4, 5) if image is None else image
    with artifacts.create(path, "images", {"dataset": "tiny", "config_sha256": "ab"}) as f:
        f.dataset("flux", image, "AB maggies", "pixels", compress=False)
        f.dataset("sky_sigma", np.arange(3.0), "AB maggies", "noise of a pixel")
        f.strings("id", TABLE["id"], "name of the object")
        f.text("provenance/config", "run: [demo]\n" * 9000, "configuration")
        artifacts.write_table(f, "catalogue", TABLE, {"zeta": "arcsec"}, {"zeta": "a size"})
        f.growable("grown", (0, 101, 101), "f4", "1", "grows", compress=False)
        f.append("grown", np.ones((5, 101, 101)))
        f.growable("names", (0,), str, "1", "grows too")
        f.append("names", ["a", "b"])
    return path


@pytest.fixture
def example(tmp_path):
    return write_example(tmp_path / "a" / "example.h5")


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


@pytest.mark.parametrize("sizes", [(12, 24), (5, 40, 1, 0, 30), (1,) * 30, (37,)])
@pytest.mark.parametrize("dtype", ["f4", "f8", ">f4"])
def test_images_grow_whatever_the_chunks(tmp_path, sizes, dtype):
    """A chunk has twelve images; blocks begin and end anywhere in it."""
    images = np.random.default_rng(1).normal(size=(sum(sizes), 101, 101)).astype(dtype)
    with artifacts.create(tmp_path / "x.h5", "images") as f:
        assert f.growable("flux", (0, 101, 101), "f4", compress=False).chunks[0] == 12
        for end, size in zip(np.cumsum(sizes), sizes, strict=True):
            f.append("flux", images[end - size : end])
    with artifacts.open(tmp_path / "x.h5", "images") as f:
        np.testing.assert_array_equal(artifacts.read(f, "flux"), images.astype("f4"))


def test_a_table_grows_block_by_block(tmp_path):
    with artifacts.create(tmp_path / "x.h5", "index") as f:
        artifacts.grow_table(f, "catalogue", TABLE, {"zeta": "arcsec"})
        for start in range(3):
            artifacts.append_table(f, "catalogue", TABLE[start : start + 1])
    with artifacts.open(tmp_path / "x.h5", "index") as f:
        pd.testing.assert_frame_equal(artifacts.read_table(f, "catalogue"), TABLE)
        assert f["catalogue/zeta"].attrs["units"] == "arcsec"


def test_same_content_gives_the_same_bytes(tmp_path):
    first = write_example(tmp_path / "one.h5")
    time.sleep(1.1)
    second = write_example(tmp_path / "two.h5")
    assert first.read_bytes() == second.read_bytes()


def test_stored_data_are_chunked_compressed_and_checked(example):
    with artifacts.open(example, "images") as f:
        sigma = f["sky_sigma"]
        assert (sigma.compression, sigma.compression_opts) == ("gzip", 4)
        assert sigma.shuffle
        assert sigma.fletcher32
        assert f["flux"].compression is None
        assert f["flux"].chunks is None
        assert f["grown"].chunks == (12, 101, 101)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3, 3), (2, 0)])
def test_empty_and_scalar_arrays(tmp_path, shape):
    with artifacts.create(tmp_path / "x.h5", "mixture") as f:
        f.dataset("x", np.zeros(shape))
        f.strings("id", [])
    with artifacts.open(tmp_path / "x.h5", "mixture") as f:
        assert np.shape(artifacts.read(f, "x")) == shape
        assert len(artifacts.read_strings(f, "id")) == 0


def test_booleans_are_stored_as_small_integers(tmp_path):
    with artifacts.create(tmp_path / "x.h5", "mixture") as f:
        f.dataset("x", np.array([True, False]))
    with artifacts.open(tmp_path / "x.h5", "mixture") as f:
        assert artifacts.read(f, "x").dtype == np.int8


def test_a_failed_writer_leaves_the_old_file_and_nothing_else(example):
    before = example.read_bytes()

    def fail():
        with artifacts.create(example, "images") as f:
            f.dataset("flux", np.zeros(3))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert example.read_bytes() == before
    assert [path.name for path in example.parent.iterdir()] == ["example.h5"]


def test_the_name_appears_only_when_the_file_is_complete(tmp_path):
    path = tmp_path / "x.h5"
    with artifacts.create(path, "images") as f:
        f.dataset("flux", np.zeros(3))
        assert not path.exists()
    assert path.exists()
    assert path.stat().st_mode & 0o400


def test_what_a_killed_writer_left_is_replaced(tmp_path):
    (tmp_path / ".x.h5.partial").write_bytes(b"half a file")
    with artifacts.create(tmp_path / "x.h5", "images"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["x.h5"]


def test_wrong_kind(example):
    message = r"example.h5: root attribute format is lensflow-images, lensflow-stack"
    with pytest.raises(ArtifactError, match=message), artifacts.open(example, "stack"):
        pass


def test_wrong_version(example):
    with h5py.File(example, "r+") as f:
        f.attrs["format_version"] = 99
    message = "example.h5: root attribute format_version is 99, 1 was expected"
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


def hold_writer(path, ready, done):
    with artifacts.create(path, "images"):
        ready.set()
        done.wait(20)


def test_a_second_writer_is_refused(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    writer = context.Process(target=hold_writer, args=(tmp_path / "x.h5", ready, done))
    writer.start()
    assert ready.wait(60)
    with (
        pytest.raises(ArtifactError, match="another process is writing"),
        artifacts.create(tmp_path / "x.h5", "images"),
    ):
        pass
    done.set()
    writer.join(20)
    assert writer.exitcode == 0


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


@pytest.mark.skipif(shutil.which("h5ls") is None, reason="needs h5ls of the HDF5 tools")
def test_h5ls_reads_the_file(example):
    run = subprocess.run(["h5ls", "-r", example], capture_output=True, text=True, check=True)
    assert re.search(r"/flux +Dataset \{3, 4, 5\}", run.stdout)
    assert "/catalogue/zeta" in run.stdout
