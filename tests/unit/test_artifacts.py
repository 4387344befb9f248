import contextlib
import multiprocessing
import re
import shutil
import subprocess
import time
import zlib

import h5py
import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts, tables
from lensflow.errors import ArtifactError
from lensflow.tables import Origin

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


# --- checksums ------------------------------------------------------------------------------------


def crc_of_rows(rows):
    return zlib.crc32(np.ascontiguousarray(rows).tobytes())


def test_a_column_has_a_crc_of_every_2048_rows(tmp_path):
    values = np.random.default_rng(1).normal(size=5000)
    with artifacts.create(tmp_path / "x.h5", "index") as f:
        f.growable("x", (0,), "f8")
        for start in range(0, 5000, 700):
            f.append("x", values[start : start + 700])
        f.dataset("y", values)
        f.strings("id", ["a", "βγ", ""])
        f.dataset("scalar", 3.5)
    with h5py.File(tmp_path / "x.h5") as f:
        crcs = [crc_of_rows(values[start : start + 2048]) for start in (0, 2048, 4096)]
        assert f["x"].attrs["checksums"].tolist() == crcs
        assert f["y"].attrs["checksums"].tolist() == crcs
        assert f["id"].attrs["checksums"].tolist() == [zlib.crc32("a\0βγ\0\0".encode())]
        assert f["scalar"].attrs["checksums"].tolist() == [crc_of_rows(np.float64(3.5))]


def test_an_image_has_a_crc_of_the_sums_of_its_rows_and_columns(tmp_path):
    images = np.random.default_rng(1).normal(size=(3, 4, 5)).astype("f4")
    with artifacts.create(tmp_path / "x.h5", "images") as f:
        f.dataset("flux", images, compress=False)
    words = images.view("<u4").astype(object)
    with h5py.File(tmp_path / "x.h5") as f:
        for image, found in zip(words, f["flux"].attrs["checksums"], strict=True):
            sums = [*image.sum(axis=1), *image.sum(axis=0)]
            assert found == crc_of_rows(np.array([value % 2**32 for value in sums], "<u4"))


def test_very_many_rows_share_checksums(tmp_path, monkeypatch):
    monkeypatch.setattr(artifacts, "MOST_CHECKSUMS", 4)
    images = np.random.default_rng(1).normal(size=(10, 3, 3)).astype("f4")
    with artifacts.create(tmp_path / "x.h5", "images") as f:
        f.growable("flux", (0, 3, 3), "f4", compress=False)
        f.append("flux", images)
    with artifacts.open(tmp_path / "x.h5", "images") as f:
        assert len(f["flux"].attrs["checksums"]) == 4
        for rows in (slice(None), slice(4, 5), slice(2, 9), slice(9, 10), slice(3, 3)):
            np.testing.assert_array_equal(artifacts.read(f, "flux", rows), images[rows])
        chosen = np.array([0, 1, 8])
        np.testing.assert_array_equal(artifacts.read(f, "flux", chosen), images[chosen])
        np.testing.assert_array_equal(artifacts.read(f, "flux", 7), images[7])


@pytest.mark.parametrize("rows", [slice(2, 3), slice(0, 3), 2, np.array([0, 2])])
def test_a_changed_pixel_is_refused_with_its_row_and_the_others_are_read(tmp_path, rows):
    path = tmp_path / "x.h5"
    images = np.random.default_rng(1).normal(size=(8, 9, 9)).astype("f4")
    with artifacts.create(path, "images") as f:
        f.dataset("flux", images, compress=False)
    data = path.read_bytes()
    start = data.index(images[2].tobytes())
    path.write_bytes(data[: start + 9] + bytes([data[start + 9] ^ 4]) + data[start + 10 :])
    with artifacts.open(path, "images") as f:
        with pytest.raises(ArtifactError, match=r"x\.h5: /flux is not what was written"):
            artifacts.read(f, "flux", rows)
        np.testing.assert_array_equal(artifacts.read(f, "flux", slice(3, 8)), images[3:])


def test_a_change_by_another_program_is_refused(example):
    with h5py.File(example, "r+") as f:
        f.attrs["dataset"] = "other"
    with (
        pytest.raises(ArtifactError, match="content_sha256 does not fit"),
        artifacts.open(example, "images"),
    ):
        pass


def test_every_single_damaged_byte_gives_what_was_written_or_an_error(example):
    data, generator = example.read_bytes(), np.random.default_rng(2)
    with artifacts.open(example, "images") as f:
        expected = {key: artifacts.read(f, key) for key in ("flux", "grown", "sky_sigma")}
    for place in generator.integers(0, len(data), 150):
        damaged = bytearray(data)
        damaged[place] ^= 1 << generator.integers(8)
        example.write_bytes(damaged)
        with contextlib.suppress(ArtifactError), artifacts.open(example, "images") as f:
            for key, values in expected.items():
                np.testing.assert_array_equal(artifacts.read(f, key), values)
            pd.testing.assert_frame_equal(artifacts.read_table(f, "catalogue"), TABLE)


def test_the_file_of_another_library_becomes_an_artifact(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as f:
        f.create_group("layers").create_dataset("kernel", data=np.arange(6.0).reshape(2, 3))
    artifacts.seal(tmp_path / "x.h5", "weights", tmp_path / "x.h5", {"network": "denoiser"})
    with artifacts.open(tmp_path / "x.h5", "weights") as f:
        artifacts.verify(f)
        assert f.attrs["network"] == "denoiser"
        assert artifacts.content_id(f) == f.attrs["content_sha256"]


# --- origins --------------------------------------------------------------------------------------


def made(path, kind="stack", **attrs):
    with artifacts.create(path, kind, attrs) as f:
        f.strings("id", [path.name])
    return path


def test_what_a_job_writes_says_where_it_comes_from(tmp_path):
    path = tmp_path / "results/demo/log/stack.h5"
    with tables.made_by(Origin({"split": "ab", "index": "cd"}, "ef", "01")):
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


def test_another_part_than_the_one_meant_is_refused(tmp_path):
    paths = [made(tmp_path / f"{i}.h5", shard=i, sample="test") for i in range(3)]
    artifacts.expect_order(paths, sample="test", scale="log", stage=None)
    with pytest.raises(ArtifactError, match=r"2\.h5 is of shard 2, 1 was expected"):
        artifacts.expect_order([paths[0], paths[2], paths[1]])
    with pytest.raises(ArtifactError, match=r"0\.h5 is of sample test, train was expected"):
        artifacts.expect_order(paths, sample="train")


# --- a file in words ------------------------------------------------------------------------------


def test_a_file_is_described_and_its_damage_too(example, capsys):
    text = artifacts.describe(example)
    assert "format: lensflow-images" in text
    assert "/flux <f4(3, 4, 5) AB maggies pixels" in text
    assert "\n  intact: content_sha256 " in text
    assert artifacts.main([str(example)]) == 0
    data = bytearray(example.read_bytes())
    data[data.index(np.arange(60, dtype="f4").tobytes()) + 3] ^= 1
    example.write_bytes(data)
    assert artifacts.main([str(example), str(example)]) == 1
    assert capsys.readouterr().out.count("DAMAGED: ") == 2


def test_a_table_is_described_by_its_record(tmp_path):
    path = tmp_path / "results/demo/split.csv"
    tables.write_csv(path, TABLE)
    assert "not verified" in artifacts.describe(path)
    with tables.made_by(Origin({"index": "cd"})):
        tables.record(path)
    assert "made as results/demo/split.csv" in artifacts.describe(path)
    assert "origin index: cd" in artifacts.describe(path)
    path.write_text(path.read_text()[:-9])
    assert "DAMAGED" in artifacts.describe(path)
    assert "DAMAGED" in artifacts.describe(tmp_path / "none.csv")
