import h5py
import numpy as np
import pandas as pd
import pytest
import zarr

from lensflow.errors import ArtifactError, CutoutError
from lensflow.ingest import ingestion, stack
from lensflow.samples.images import read_index

DATASET = {
    "kind": "stack", "shards": 1, "pattern": None, "bands": ["VIS"], "band": None, "axes": None,
    "columns": {}, "keep": None,
}  # fmt: skip
BANDS = {"bands": ["G", "R", "Z"], "band": "R"}


def images(n=10, side=101, seed=0):
    return np.random.default_rng(seed).normal(size=(n, side, side)).astype("f4")


def table(n=10, first=0):
    numbers = np.arange(n) + first
    return pd.DataFrame({"object_id": numbers + 700, "ra": numbers + 0.5, "dec": -numbers / 2.0})


def write_hdf5(path, array, rows, name="images", **attributes):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file[name] = array
        file[name].attrs.update(attributes)
        for column in rows:
            file[column] = rows[column].to_numpy()


def run(folder, out, dataset):
    """Ingest a dataset; return index, images in its order, quarantine, shards."""
    dataset = DATASET | dataset
    out.mkdir()
    paths = out / "manifest.h5", out / "listing.csv"
    ingestion.build_manifest("s", dataset, folder, *paths)
    shards = [out / f"shard_{number}.h5" for number in range(dataset["shards"])]
    parts = [out / f"q_{number}.csv" for number in range(dataset["shards"])]
    for number, (shard, part) in enumerate(zip(shards, parts, strict=True)):
        ingestion.ingest_shard("s", dataset, folder, number, paths[0], shard, part, 1)
    merged = out / "q.csv"
    ingestion.build_index("s", dataset, shards, [paths[1], *parts], out / "index.h5", merged)
    flux = np.concatenate([h5py.File(shard)["flux"][:] for shard in shards])
    index = read_index(out / "index.h5", catalogue=None, optional=["ra", "dec"])
    with h5py.File(out / "index.h5") as file:
        for name in ("ra", "dec"):
            index[f"sky_{name}"] = file[name][:] if name in file else np.nan
    return index, flux, pd.read_csv(merged, keep_default_na=False), shards


@pytest.mark.parametrize("axes", ["NYX", "NBYX", "NYXB"])
@pytest.mark.parametrize("name", ["images", "image_array"])
@pytest.mark.parametrize("said", [True, False])
def test_every_layout_gives_the_same_images(tmp_path, axes, name, said):
    made = images()
    others = [images(seed=1), made, images(seed=2)]
    array = {"NYX": made, "NBYX": np.stack(others, 1), "NYXB": np.stack(others, 3)}[axes]
    write_hdf5(tmp_path / "data/a.h5", array, table().assign(mag=20.0), name)
    asked = ({} if axes == "NYX" else BANDS) | {"axes": axes if said else None}
    index, flux, bad, _ = run(tmp_path / "data", tmp_path / "out", asked)
    assert (flux == made).all()
    assert bad.empty
    assert index["id"].tolist() == [str(number + 700) for number in range(10)]
    assert index["sky_ra"].tolist() == table()["ra"].tolist()
    assert index["sky_dec"].tolist() == table()["dec"].tolist()
    assert (index["mag"] == 20.0).all()
    assert (index["path"] == "a.h5").all()


@pytest.mark.parametrize(
    ("shape", "bands", "axes", "expected"),
    [
        ((5, 50, 50), ["a"], None, None),
        ((5, 3, 50, 50), ["a", "b", "c"], None, 1),
        ((5, 50, 50, 3), ["a", "b", "c"], None, 3),
        ((5, 1, 50, 50), ["a"], None, 1),
        ((5, 3, 50, 3), ["a", "b", "c"], "NYXB", 3),
    ],
)
def test_the_axis_of_the_bands(shape, bands, axes, expected):
    assert stack.band_axis(shape, bands, axes) == expected


@pytest.mark.parametrize(
    ("shape", "bands", "axes", "message"),
    [
        ((5, 3, 50, 3), ["a", "b", "c"], None, "it could be NBYX or NYXB; say axes"),
        ((5, 4, 50, 50), ["a", "b", "c"], None, "it fits no axes"),
        ((5, 50, 50), ["a", "b"], None, "it fits no axes"),
        ((5, 3, 50, 50), ["a", "b", "c"], "NYXB", "is not NYXB with the 3 bands"),
    ],
)
def test_axes_are_never_guessed(shape, bands, axes, message):
    with pytest.raises(CutoutError, match=message):
        stack.band_axis(shape, bands, axes)


@pytest.mark.parametrize("form", [2, 3])
def test_zarr_with_a_table_beside_as_cutana_writes_it(tmp_path, form):
    """No identifiers in the Zarr: the table says which image a row is about, in any order."""
    made = images(side=120)
    folder = tmp_path / "data/batch_cutout_process_0_x"
    folder.mkdir(parents=True)
    store = zarr.open_group(folder / "images.zarr", mode="w", zarr_format=form)
    array = store.create_array(
        "images", shape=(10, 120, 120, 1), dtype="f4", chunks=(3, 120, 120, 1)
    )
    array[:] = made[..., None]
    rows = table().rename(columns={"object_id": "source_id"}).assign(idx_in_zarr=np.arange(10))
    rows.sample(frac=1, random_state=1).to_parquet(folder / "images_metadata.parquet")
    index, flux, _, _ = run(tmp_path / "data", tmp_path / "out", {})
    assert (flux == made[:, 10:111, 10:111]).all()
    assert index["id"].tolist() == [str(number + 700) for number in range(10)]
    assert index["sky_ra"].tolist() == table()["ra"].tolist()
    assert "idx_in_zarr" not in index


@pytest.mark.parametrize(
    ("rows", "place", "said"),
    [([0, 1, 1, 3], 2, "1"), ([0, 1, 3, 4], 2, "3"), ([0, 1, 2, -1], 0, "-1")],
)
def test_a_table_that_names_an_image_twice_or_none_is_refused(tmp_path, rows, place, said):
    """Else an image would go by the identifier and the position of another one."""
    folder = tmp_path / "data"
    folder.mkdir()
    store = zarr.open_group(folder / "images.zarr", mode="w")
    store.create_array("images", shape=(4, 120, 120), dtype="f4")[:] = images(4, side=120)
    table(4).assign(idx_in_zarr=rows).to_parquet(folder / "images_metadata.parquet")
    words = rf"does not count its 4 images: place {place} in order is .*{said}.*; expected each"
    with pytest.raises(CutoutError, match=words):
        run(folder, tmp_path / "out", {})


@pytest.mark.parametrize("shards", [2, 3, 40])
def test_shards_change_nothing_but_the_files(tmp_path, shards):
    write_hdf5(tmp_path / "data/a.h5", images(7), table(7))
    write_hdf5(tmp_path / "data/deep/b.h5", images(9, seed=1), table(9, first=50))
    one = run(tmp_path / "data", tmp_path / "one", {})
    many = run(tmp_path / "data", tmp_path / "many", {"shards": shards})
    assert len(one[1]) == 16
    assert many[1].tobytes() == one[1].tobytes()
    assert many[0].equals(one[0])
    with (
        pytest.raises(ArtifactError, match="asked for 1"),
        h5py.File(tmp_path / "one/manifest.h5") as file,
    ):
        stack.stack_parts(file, 1)


def test_units_of_the_array_and_columns_of_the_table(tmp_path):
    write_hdf5(tmp_path / "data/a.h5", images(), table().assign(mag=1.0, seen=2.0), units="nJy")
    index, flux, _, shards = run(tmp_path / "data", tmp_path / "out", {"keep": ["mag"]})
    assert flux.std() == pytest.approx(10 ** (-0.4 * 31.4), rel=0.01)
    assert "mag" in index
    assert "seen" not in index
    with h5py.File(shards[0]) as file:
        assert file["flux"].attrs["units"] == "AB maggies or counts"


def test_columns_that_cannot_be_kept_are_listed(tmp_path):
    write_hdf5(tmp_path / "data/a.h5", images(), table().assign(scatter=1.0, seen=2.0))
    index, _, bad, _ = run(tmp_path / "data", tmp_path / "out", {})
    assert "seen" in index
    assert "scatter" not in index
    assert bad["reason"].str.contains("column 'scatter' of the table is left out").sum() == 1


def test_small_images_are_padded_and_bad_ones_listed(tmp_path):
    made = images(5, side=61)
    made[1, :40] = np.nan
    made[2] = 0
    rows = table(5)
    rows["object_id"] = ["a", "b", "c", "d", "é"]
    write_hdf5(tmp_path / "data/a.h5", made, rows[["ra", "dec"]])
    with h5py.File(tmp_path / "data/a.h5", "a") as file:
        file["object_id"] = rows["object_id"].to_list()
    asked = {"max_quarantine_fraction": 0.7}
    index, flux, bad, _ = run(tmp_path / "data", tmp_path / "out", asked)
    assert index["id"].tolist() == ["a", "d"]
    assert (flux[0, 20:81, 20:81] == made[0]).all()
    assert np.isfinite(flux).all()
    reasons = bad.set_index("id")["reason"]
    assert "have no value" in reasons["b"]
    assert reasons["c"] == "every pixel has the same value"
    assert "not printable ASCII" in reasons["é"]


def break_jpeg(file):
    del file["images"]
    file.create_dataset("images", shape=(10,), dtype=h5py.vlen_dtype(np.uint8))


def break_name(file):
    file.move("images", "pictures")


def break_bytes(file):
    del file["images"]
    file["images"] = np.zeros((10, 101, 101), np.uint8)


def break_unit(file):
    file["images"].attrs["BUNIT"] = "uJy"


def break_ids(file):
    del file["object_id"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (break_jpeg, "not numbers: pictures such as JPEG"),
        (break_name, "no array images or image_array; it has"),
        (break_bytes, "normalised: its pixels are of 8 bits"),
        (break_unit, "write zero_point: 23.9"),
        (break_ids, "lacks a column of identifiers"),
    ],
)
def test_a_stack_that_cannot_be_used_is_one_row(tmp_path, change, message):
    write_hdf5(tmp_path / "data/a.h5", images(), table())
    write_hdf5(tmp_path / "data/b.h5", images(), table(first=50))
    with h5py.File(tmp_path / "data/b.h5", "a") as file:
        change(file)
    index, _, bad, _ = run(tmp_path / "data", tmp_path / "out", {"zero_point": 20.0})
    assert len(index) == 10
    assert bad["path"].tolist() == ["b.h5"]
    assert message in bad["reason"][0]


def test_no_stack_and_damaged_ones_say_so(tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(CutoutError, match=r"fits \*.h5, \*.hdf5, \*.zarr"):
        run(tmp_path / "data", tmp_path / "a", {})
    (tmp_path / "data/x.h5").write_text("no HDF5")
    with pytest.raises(CutoutError, match=r"no stack can be used; x\.h5: it cannot be opened"):
        run(tmp_path / "data", tmp_path / "b", {})
    (tmp_path / "data/x.h5").unlink()
    zarr.create_array(tmp_path / "data/y.zarr", shape=(3, 20, 20), dtype="f4")
    with pytest.raises(CutoutError, match=r"y.zarr: the table y_metadata.parquet is not beside"):
        run(tmp_path / "data", tmp_path / "c", {})
