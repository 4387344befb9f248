import contextlib
import zlib

import h5py
import numpy as np
import pandas as pd
import pytest

from artifact_examples import TABLE
from lensflow import artifacts
from lensflow.artifacts import checksums
from lensflow.artifacts.content import content_id
from lensflow.errors import ArtifactError


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
    monkeypatch.setattr(checksums, "MOST_CHECKSUMS", 4)
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
        assert content_id(f) == f.attrs["content_sha256"]
