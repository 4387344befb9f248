"""About how many objects a dataset has, by its kind: names, headers and lines, nothing else."""

import builtins
import io
import os

import h5py
import numpy as np
import pandas as pd
import pytest
import zarr
from astropy.table import Table

from lensflow.errors import CatalogueError, CutoutError
from lensflow.ingest import objects
from lensflow.ingest.kinds import KINDS
from lensflow.ingest.listing import CHALLENGE, Layout, matching_names

STACK = {"kind": "stack", "pattern": None, "bands": ["VIS"], "band": None, "axes": None}
CATALOGUE = pd.DataFrame({"id": np.arange(7), "ra": np.linspace(10, 11, 7), "dec": np.zeros(7)})


def count(entry):
    return KINDS[entry["kind"]].count_objects(entry)


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return str(folder)


# --- rows of a table ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["c.parquet", "c.pq"])
def test_parquet_says_its_rows(tmp_path, name):
    CATALOGUE.to_parquet(tmp_path / name, row_group_size=3)
    assert objects.count_rows(tmp_path / name) == 7


@pytest.mark.parametrize("name", ["c.fits", "c.fit", "c.fits.gz", "c.csv", "c.vot", "C.XML"])
def test_rows_of_what_astropy_writes(tmp_path, name):
    options = {"format": "votable"} if name.lower().endswith(("vot", "xml")) else {}
    Table.from_pandas(CATALOGUE).write(tmp_path / name, **options)
    assert objects.count_rows(tmp_path / name) == 7


def test_comments_of_a_text_count_too(tmp_path):
    Table.from_pandas(CATALOGUE).write(tmp_path / "c.ecsv")
    comments = [line for line in (tmp_path / "c.ecsv").read_text().split("\n") if line[:1] == "#"]
    assert objects.count_rows(tmp_path / "c.ecsv") == 7 + len(comments)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_of_a_text_are_its_lines_but_one(tmp_path, end):
    (tmp_path / "c.csv").write_bytes(end.join(["id,ra,dec", *["1,2,3"] * 5, ""]).encode())
    assert objects.count_rows(tmp_path / "c.csv") == 5
    (tmp_path / "c.csv").write_text("")
    assert objects.count_rows(tmp_path / "c.csv") == 0


@pytest.mark.parametrize("block", [3, 4, 5, 7, 1000])
def test_a_mark_counts_once_wherever_blocks_end(tmp_path, monkeypatch, block):
    monkeypatch.setattr(objects, "COUNTED_BYTES", block)
    (tmp_path / "c.vot").write_text("<TABLE><TR><TD>1</TD></TR>\n<TR ID='b'></TR><TR></TR></TABLE>")
    assert objects.count_rows(tmp_path / "c.vot") == 3


def test_a_table_is_never_in_memory_for_it(tmp_path, monkeypatch):
    monkeypatch.setattr(objects, "read_blocks", None)
    monkeypatch.setattr(objects, "read_table", None)
    monkeypatch.setattr(objects, "text_blocks", None)
    CATALOGUE.to_csv(tmp_path / "c.csv", index=False)
    assert objects.count_rows(tmp_path / "c.csv") == 7


@pytest.mark.parametrize("name", ["c.fits", "c.parquet"])
def test_a_damaged_table_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"no table" * 100)
    with pytest.raises(CatalogueError, match="cannot be read as a table"):
        objects.count_rows(tmp_path / name)


def test_a_fits_file_without_a_table_has_no_rows(tmp_path):
    from astropy.io import fits

    fits.PrimaryHDU(np.zeros((3, 3))).writeto(tmp_path / "c.fits")
    assert objects.count_rows(tmp_path / "c.fits") == 0


# --- names ----------------------------------------------------------------------------------------


def test_names_that_fit_are_found_in_all_folders(tmp_path):
    touch(tmp_path, "a.fits", "b/c/d.fits.gz", "b/e.txt", ".hidden.fits", ".hidden/f.fits")
    (tmp_path / "folder.fits").mkdir()
    (tmp_path / "b/again").symlink_to(tmp_path / "b")
    assert sorted(matching_names(tmp_path, Layout(None))) == [("", "a.fits"), ("b/c/", "d.fits.gz")]


def test_names_are_those_that_are_listed(tmp_path):
    name = "imageEUC_VIS-{}.fits".format
    wanted = [f"x/Public/Band1/{name(number)}" for number in range(3)]
    touch(tmp_path, *wanted, f"x/Private/Public/Band1/{name(8)}", f"x/Public/Band2/{name(9)}")
    assert sorted(place + one for place, one in matching_names(tmp_path, CHALLENGE)) == wanted


def test_the_search_may_begin_inside_the_parent_folders_of_a_pattern(tmp_path):
    touch(tmp_path, "Public/Band1/imageEUC_VIS-1.fits")
    assert len([*matching_names(tmp_path / "Public/Band1", CHALLENGE)]) == 1


def test_a_folder_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(CutoutError, match="missing/ cannot be read"):
        next(matching_names(tmp_path / "missing", Layout(None)))


# --- kinds ----------------------------------------------------------------------------------------


def test_every_kind_counts():
    for kind in KINDS.values():
        assert (kind.count is None) == (kind.reader is not None)


def test_simulated_objects_are_as_many_as_configured():
    assert count({"kind": "simulate", "n_objects": 120_000}) == 120_000


def test_cutouts_are_counted_by_name(tmp_path):
    entry = {"kind": "fits", "path": touch(tmp_path, "a.fits", "b.fits", "c/d.fits", "c/e.txt")}
    assert count(entry) == 3
    assert count(entry | {"max_objects": 2}) == 2
    assert count(entry | {"max_objects": None}) == 3
    assert count(entry | {"pattern": "c/*.fits"}) == 1


def test_files_of_several_bands_are_one_object(tmp_path):
    path = touch(tmp_path, "1_VIS.fits", "1_H.fits", "2_VIS.fits", "2_H.fits", "3_VIS.fits")
    bands = {"VIS": {"pattern": "*_VIS.fits"}, "H": {"pattern": "*_H.fits"}}
    assert count({"kind": "fits", "path": path, "bands": bands}) == 3
    vis = [f"Public/EUC_VIS/imageEUC_VIS-{number}.fits" for number in range(4)]
    others = [name.replace("VIS", "H") for name in vis]
    path = touch(tmp_path / "challenge", *vis, *others)
    assert count({"kind": "challenge2", "path": path, "bands": ["VIS", "H"]}) == 4


def test_a_million_names_are_neither_kept_nor_opened(tmp_path, monkeypatch):
    """Of each entry nothing but the name and whether it is a folder is asked, and no file."""

    class Entry:
        n_asked = 0

        def __init__(self, number):
            self.name = f"{number}.fits"

        def is_dir(self):
            Entry.n_asked += 1
            return False

    class Folder:
        def __enter__(self):
            return map(Entry, range(1_000_000))

        def __exit__(self, *error):
            pass

    def refused(*arguments, **named):
        raise AssertionError(f"opened {arguments}")

    monkeypatch.setattr(os, "scandir", lambda path: Folder())
    for module, name in ((builtins, "open"), (io, "open"), (os, "open")):
        monkeypatch.setattr(module, name, refused)
    entry = {"kind": "fits", "path": str(tmp_path)}
    most = count(entry | {"max_objects": 1000})
    n_asked = Entry.n_asked
    found = count(entry)
    monkeypatch.undo()
    assert (most, n_asked) == (1000, 1000)
    assert (found, Entry.n_asked) == (1_000_000, 1_001_000)


@pytest.mark.parametrize("kind", ["challenge1", "challenge2"])
def test_the_challenges_go_by_the_catalogue_that_is_named(tmp_path, kind):
    path = touch(tmp_path / "data", *(f"Public/Band1/imageEUC_VIS-{i}.fits" for i in range(3)))
    entry = {"kind": kind, "path": path, "bands": ["VIS"], "catalogue": None}
    assert count(entry) == 3
    CATALOGUE.to_csv(tmp_path / "c.csv", index=False)
    assert count(entry | {"catalogue": str(tmp_path / "c.csv")}) == 7


def test_images_of_stacks_are_counted_by_their_shapes(tmp_path):
    (tmp_path / "deep").mkdir()
    for name, n in (("a.h5", 5), ("deep/b.hdf5", 4)):
        with h5py.File(tmp_path / name, "w") as file:
            file["images"] = np.zeros((n, 9, 9), "f4")
    zarr.save(str(tmp_path / "c.zarr"), np.zeros((2, 9, 9), "f4"))
    (tmp_path / "damaged.h5").write_bytes(b"no HDF5")
    entry = STACK | {"path": str(tmp_path)}
    assert count(entry) == 11
    assert count(entry | {"pattern": "*.hdf5"}) == 4
    with pytest.raises(CutoutError, match="no stack below"):
        count(entry | {"pattern": "*.npy"})


def test_objects_of_mosaics_are_the_rows_of_the_catalogue(tmp_path):
    CATALOGUE.to_parquet(tmp_path / "c.parquet")
    path = touch(tmp_path / "tiles", "TILE1_flux.fits")
    entry = {"kind": "mosaic", "path": path, "pattern": "*_flux.fits"}
    assert count(entry | {"catalogue": str(tmp_path / "c.parquet")}) == 7


def test_with_a_catalogue_a_tile_those_of_the_tiles_count(tmp_path):
    names = ["TILE1_flux.fits", "deep/TILE2_flux.fits", "TILE1_rms.fits", "TILE4_flux.fits"]
    for tile, n in (("1", 3), ("2", 5), ("3", 7)):
        CATALOGUE[:n].to_csv(tmp_path / f"catalogue_{tile}.csv", index=False)
    entry = {
        "kind": "mosaic", "path": touch(tmp_path / "tiles", *names), "pattern": "*_flux.fits",
        "tile_pattern": r"TILE(\d+)", "catalogue": str(tmp_path / "catalogue_{tile}.csv"),
    }  # fmt: skip
    assert count(entry) == 8
    bands = {"VIS": {"pattern": "*_flux.fits"}, "H": {"pattern": "*_rms.fits"}}
    assert count({**entry, "pattern": None, "bands": bands}) == 8
