import multiprocessing
import re
import shutil
import subprocess
import time

import numpy as np
import pandas as pd
import pytest

from artifact_examples import TABLE, write_example
from lensflow import artifacts
from lensflow.errors import ArtifactError


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


@pytest.mark.parametrize(
    ("began", "goes_on", "message"),
    [
        ([1.5], ["a"], r"began with numbers \(float64\) and goes on with texts"),
        (["a"], [1.5], r"began with texts and goes on with numbers \(float64\)"),
        ([1], [np.nan], r"began with numbers \(int64\) and goes on with numbers \(float64\)"),
        (["a"], [np.nan], None),
        ([1.5], [2], None),
    ],
)
def test_a_table_goes_on_as_it_began(tmp_path, began, goes_on, message):
    def write():
        with artifacts.create(tmp_path / "x.h5", "index") as f:
            artifacts.grow_table(f, "catalogue", pd.DataFrame({"note": began}))
            artifacts.append_table(f, "catalogue", pd.DataFrame({"note": began}))
            artifacts.append_table(f, "catalogue", pd.DataFrame({"note": goes_on}))

    if message:
        with pytest.raises(ArtifactError, match=message):
            write()
        return
    write()
    with artifacts.open(tmp_path / "x.h5", "index") as f:
        cells = ["" if cell != cell else cell for cell in goes_on]
        assert artifacts.read_table(f, "catalogue")["note"].tolist() == [*began, *cells]


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


@pytest.mark.skipif(shutil.which("h5ls") is None, reason="needs h5ls of the HDF5 tools")
def test_h5ls_reads_the_file(example):
    run = subprocess.run(["h5ls", "-r", example], capture_output=True, text=True, check=True)
    assert re.search(r"/flux +Dataset \{3, 4, 5\}", run.stdout)
    assert "/catalogue/zeta" in run.stdout
