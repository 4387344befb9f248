import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from lensflow import artifacts
from lensflow.errors import ArtifactError, CatalogueError, ConfigError, CutoutError
from lensflow.ingest import ingestion

SHARED = Path(__file__).parents[4] / "shared/data"
CATALOGUE = SHARED / "challenge1/SpaceBasedTraining/classifications.csv"
HEADER = "ID,is_lens,Einstein_area,numb_pix_lensed_image,flux_lensed_image_in_sigma\n"
CHALLENGE = {"kind": "challenge1", "shards": 2}
SIGMA = 7.77e-13

real = pytest.mark.skipif(not CATALOGUE.exists(), reason="the real images are not at hand")


def image(number, size=101):
    noise = np.random.default_rng(number).normal(0, SIGMA, (size, size))
    noise[size // 2, size // 2] += 100 * SIGMA
    return noise.astype("f4")


def save(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.PrimaryHDU(data).writeto(path)


def make_challenge(folder, ids=range(100000, 100010), nesting="", sources=False):
    for number in ids:
        name = f"imageEUC_VIS-{number}.fits"
        save(folder / nesting / "Public/Band1" / name, image(number))
        save(folder / nesting / "Private/Band1/NoSourceImage" / name, image(number))
        if sources:
            source = np.zeros((101, 101)) if number % 2 else image(number)
            save(folder / nesting / "Private/Band1/NoLensImage" / name, source.astype("f4"))
    rows = [f"{number},{number % 2},1e-10,{number % 7},{number % 7}.5\n" for number in ids]
    (folder / "classifications.csv").write_text(HEADER + "".join(rows))
    return folder


def ingest(tmp_path, dataset, folder, out="results", seed=1):
    """Run the three stages and return the index table, the flux in its order, the quarantine."""
    results = tmp_path / out
    build(results, dataset, folder)
    parts = [results / f"images/quarantine_{i}.csv" for i in range(dataset["shards"])]
    shards = [results / f"images/shard_{i}.h5" for i in range(dataset["shards"])]
    for number, (shard, part) in enumerate(zip(shards, parts, strict=True)):
        manifest = results / "manifest.h5"
        ingestion.ingest_shard("d", dataset, folder, number, manifest, shard, part, seed)
    listing = results / "quarantine_listing.csv"
    paths = results / "index.h5", results / "quarantine.csv"
    ingestion.build_index("d", dataset, shards, [listing, *parts], *paths)
    return read_index(paths[0]), read_flux(shards), read_quarantine(paths[1])


def build(results, dataset, folder):
    paths = results / "manifest.h5", results / "quarantine_listing.csv"
    ingestion.build_manifest("d", dataset, folder, *paths)


def read_index(path):
    with artifacts.open(path, "index") as file:
        table = artifacts.read_table(file, "catalogue")
        table["id"] = artifacts.read_strings(file, "id")
        for name in ("shard", "row", "sky_sigma"):
            table[name] = artifacts.read(file, name)
    return table


def read_flux(shards, key="flux"):
    parts = []
    for shard in shards:
        with artifacts.open(shard, "images") as file:
            parts.append(artifacts.read(file, key))
    return np.concatenate(parts)


def read_quarantine(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


# --- the challenge's layout -----------------------------------------------------------------------


@pytest.mark.parametrize("nesting", ["", "Data.0", "SpaceBasedTraining/0/Data.0"])
def test_the_challenge_in_any_nesting(tmp_path, nesting):
    folder = make_challenge(tmp_path / "data", nesting=nesting)
    index, flux, bad = ingest(tmp_path, CHALLENGE, folder)
    assert index["id"].tolist() == [str(number) for number in range(100000, 100010)]
    assert index["is_lens"].tolist() == [0, 1] * 5
    assert index["shard"].tolist() == [0] * 5 + [1] * 5
    assert index["row"].tolist() == [*range(5), *range(5)]
    assert index["numb_pix_lensed_image"][3] == 100003 % 7
    assert index["sky_sigma"].to_numpy() == pytest.approx(SIGMA, rel=0.15)
    assert (flux == np.stack([image(number) for number in range(100000, 100010)])).all()
    assert bad == []


def test_the_folder_of_the_images_itself_with_a_given_catalogue(tmp_path):
    folder = make_challenge(tmp_path / "data")
    dataset = CHALLENGE | {"catalogue": str(folder / "classifications.csv")}
    index, _, _ = ingest(tmp_path, dataset, folder / "Public/Band1")
    assert len(index) == 10


def test_files_are_described(tmp_path):
    ingest(tmp_path, CHALLENGE, make_challenge(tmp_path / "data"))
    with artifacts.open(tmp_path / "results/images/shard_0.h5", "images") as file:
        assert file["flux"].attrs["units"] == "AB maggies"
        assert file["flux"].compression is None
        assert file["catalogue/einstein_radius_arcsec"].attrs["units"] == "arcsec"
        assert file.attrs["state"] == "raw"
        assert file.attrs["dataset"] == "d"


def test_source_images_go_along(tmp_path):
    folder = make_challenge(tmp_path / "data", sources=True)
    missing = folder / "Private/Band1/NoLensImage/imageEUC_VIS-100004.fits"
    missing.unlink()
    dataset = CHALLENGE | {"source_images": True, "max_quarantine_fraction": 0.2}
    index, flux, bad = ingest(tmp_path, dataset, folder)
    sources = read_flux([tmp_path / f"results/images/shard_{i}.h5" for i in (0, 1)], "source_flux")
    assert sources.shape == flux.shape == (9, 101, 101)
    odd = index["id"].astype(int) % 2 == 1
    assert (sources[odd] == 0).all()
    assert (sources[~odd] == flux[~odd]).all()
    assert [row["id"] for row in bad] == ["100004"]
    assert bad[0]["reason"].startswith("source image: the file cannot be read: No such file")


def test_the_number_of_shards_changes_nothing_but_the_files(tmp_path):
    folder = make_challenge(tmp_path / "data", range(100000, 100023))
    save(folder / "Public/Band1/imageEUC_VIS-100005b.fits", image(1))
    dataset = CHALLENGE | {"max_quarantine_fraction": 0.5}
    results = [ingest(tmp_path, dataset | {"shards": n}, folder, f"r{n}") for n in (1, 2, 7, 40)]
    for index, flux, bad in results[1:]:
        columns = [name for name in index if name not in ("shard", "row")]
        assert index[columns].equals(results[0][0][columns])
        assert flux.tobytes() == results[0][1].tobytes()
        assert bad == results[0][2]


def test_the_same_input_gives_the_same_bytes(tmp_path):
    folder = make_challenge(tmp_path / "data")
    damaged = image(3)
    damaged[4:9, 7:20] = np.nan
    os.remove(folder / "Public/Band1/imageEUC_VIS-100003.fits")
    save(folder / "Public/Band1/imageEUC_VIS-100003.fits", damaged)
    for out in ("one", "two"):
        ingest(tmp_path, CHALLENGE, folder, out)
    for name in ("manifest.h5", "index.h5", "quarantine.csv", "images/shard_0.h5"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    ingest(tmp_path, CHALLENGE, folder, "three", seed=2)
    first, third = (read_flux([tmp_path / out / "images/shard_0.h5"]) for out in ("one", "three"))
    assert (np.flatnonzero((first != third).any(axis=(1, 2))) == [3]).all()


def test_the_first_objects_only(tmp_path):
    folder = make_challenge(tmp_path / "data")
    index, _, _ = ingest(tmp_path, CHALLENGE | {"max_objects": 3}, folder)
    assert index["id"].tolist() == ["100000", "100001", "100002"]


# --- what is left out -----------------------------------------------------------------------------


def test_every_reason_is_listed_and_the_run_goes_on(tmp_path):
    folder = make_challenge(tmp_path / "data")
    band = folder / "Public/Band1"
    good = (band / "imageEUC_VIS-100000.fits").read_bytes()
    (band / "imageEUC_VIS-100001.fits").write_bytes(good[:20000])
    (band / "imageEUC_VIS-100002.fits").write_text("a text\n" * 1000)
    os.remove(band / "imageEUC_VIS-100003.fits")
    save(band / "imageEUC_VIS-100003.fits", np.full((101, 101), np.nan, "f4"))
    os.remove(band / "imageEUC_VIS-100004.fits")
    save(band / "imageEUC_VIS-100004.fits", np.zeros((3, 101, 101), "f4"))
    os.remove(band / "imageEUC_VIS-100005.fits")
    save(band / "imageEUC_VIS-999999.fits", image(1))
    save(folder / "copy/Public/Band1/imageEUC_VIS-100009.fits", image(2))
    dataset = CHALLENGE | {"max_quarantine_fraction": 0.6}
    index, flux, bad = ingest(tmp_path, dataset, folder)
    assert index["id"].tolist() == ["100000", "100006", "100007", "100008", "100009"]
    assert (flux[-1] == image(100009)).all()
    band = "Public/Band1/imageEUC_VIS-"
    listed = {(row["path"], row["id"]): row["reason"] for row in bad}
    expected = {
        ("copy/" + band + "100009.fits", "100009"): "another file has its id: " + band + "100009",
        (band + "999999.fits", "999999"): "no row in the catalogue",
        ("", "100005"): "catalogue row without an image",
        (band + "100001.fits", "100001"): "the file is truncated",
        (band + "100002.fits", "100002"): "No SIMPLE card",
        (band + "100003.fits", "100003"): "100.0% of the pixels have no value",
        (band + "100004.fits", "100004"): "(3, 101, 101)",
    }
    assert listed.keys() == expected.keys()
    for key, reason in expected.items():
        assert reason in listed[key]


def test_too_many_bad_files_stop_the_run(tmp_path):
    folder = make_challenge(tmp_path / "data")
    for number in (1, 2):
        (folder / f"Public/Band1/imageEUC_VIS-10000{number}.fits").write_text("text")
    message = r"2 of 10 \(20.0%\) cannot be used, more than max_quarantine_fraction = 0.05 allows"
    with pytest.raises(CutoutError, match=message) as caught:
        ingest(tmp_path, CHALLENGE, folder)
    assert "2 x astropy cannot read it (first: Public/Band1/imageEUC_VIS-100001" in str(
        caught.value
    )
    assert not (tmp_path / "results/index.h5").exists()


def test_rows_without_images_stop_the_run_unless_allowed(tmp_path):
    folder = make_challenge(tmp_path / "data")
    with (folder / "classifications.csv").open("a") as file:
        file.writelines(f"{number},0,1e-10,0,0\n" for number in range(200000, 200090))
    message = r"90 of 100 \(90.0%\).*90 x catalogue row without an image.*allow_missing_images"
    with pytest.raises(CutoutError, match="(?s)" + message):
        build(tmp_path / "results", CHALLENGE, folder)
    dataset = CHALLENGE | {"allow_missing_images": True}
    index, _, bad = ingest(tmp_path, dataset, folder)
    assert len(index) == 10
    assert len(bad) == 90


def test_nothing_usable_stops_the_run_whatever_the_limit(tmp_path):
    folder = make_challenge(tmp_path / "data", [1, 2])
    for path in (folder / "Public/Band1").iterdir():
        path.write_text("text")
    with pytest.raises(CutoutError, match=r"2 of 2 \(100.0%\) cannot be used"):
        ingest(tmp_path, CHALLENGE | {"max_quarantine_fraction": 1.0}, folder)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: None, "is not a folder"),
        (lambda folder: folder.mkdir(), "no file below .*; 0 files of other names"),
        (
            lambda folder: save(folder / "image.fits", image(1)),
            "; 1 files .*, for example image.fits",
        ),
    ],
)
def test_an_empty_folder_says_what_was_looked_for(tmp_path, make, message):
    make(tmp_path / "data")
    with pytest.raises(CutoutError, match=message):
        build(tmp_path / "results", CHALLENGE, tmp_path / "data")


@pytest.mark.parametrize("copies", [0, 2])
def test_no_or_several_catalogues(tmp_path, copies):
    folder = make_challenge(tmp_path / "data")
    text = (folder / "classifications.csv").read_text()
    (folder / "classifications.csv").unlink()
    for number in range(copies):
        (folder / f"Data.{number}").mkdir()
        (folder / f"Data.{number}/classifications.csv").write_text(text)
    with pytest.raises(CatalogueError, match=f"{copies} files called classifications.csv"):
        build(tmp_path / "results", CHALLENGE, folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER.replace("is_lens", "lens") + "100000,1,1e-10,0,0\n", "Close to is_lens: lens"),
        (HEADER + "100000,1,1e-10,0,0\n" * 2, "repeats 1 id"),
    ],
)
def test_a_bad_catalogue_stops_the_run(tmp_path, text, message):
    folder = make_challenge(tmp_path / "data")
    (folder / "classifications.csv").write_text(text)
    with pytest.raises(CatalogueError, match=message):
        build(tmp_path / "results", CHALLENGE, folder)


def test_a_shard_that_lost_rows_is_noticed(tmp_path):
    folder = make_challenge(tmp_path / "data")
    ingest(tmp_path, CHALLENGE, folder)
    results = tmp_path / "results"
    shards = [results / f"images/shard_{i}.h5" for i in (1, 0)]
    lists = [results / "quarantine_listing.csv", *[results / "images/quarantine_0.csv"] * 2]
    with pytest.raises(ArtifactError, match=r"is shard 1 .* expected shard 0"):
        ingestion.build_index("d", CHALLENGE, shards, lists, results / "i.h5", results / "q.csv")


# --- a folder of FITS files -----------------------------------------------------------------------


def make_folder(folder, names=("b", "a", "deep/c")):
    for number, name in enumerate(names):
        save(folder / f"{name}.fits", image(number))
    return folder


FITS = {"kind": "fits", "shards": 1, "zero_point": 0.0}


def test_a_folder_without_a_catalogue(tmp_path):
    folder = make_folder(tmp_path / "data")
    (folder / "notes.txt").write_text("x")
    save(folder / ".hidden.fits", image(9))
    index, flux, bad = ingest(tmp_path, FITS, folder)
    assert index["id"].tolist() == ["a", "b", "c"]
    assert index["is_lens"].tolist() == [-1, -1, -1]
    assert index["einstein_radius_arcsec"].isna().all()
    assert (flux[0] == image(1)).all()
    assert bad == []


def test_names_patterns_and_extra_columns(tmp_path):
    folder = make_folder(tmp_path / "data", ["x-1_y", "x-2_y", "other", "sub/x-bad_y"])
    (tmp_path / "c.csv").write_text("id,ra,field\n1,10.5,north\n2,11.5,south\n")
    dataset = FITS | {
        "pattern": "x-*.fits",
        "id_pattern": r"x-(\d+)_y",
        "catalogue": str(tmp_path / "c.csv"),
        "max_quarantine_fraction": 0.5,
    }
    index, _, bad = ingest(tmp_path, dataset, folder)
    assert index["id"].tolist() == ["1", "2"]
    assert index["ra"].tolist() == [10.5, 11.5]
    assert index["field"].tolist() == ["north", "south"]
    assert [(row["path"], row["reason"]) for row in bad] == [
        ("sub/x-bad_y.fits", "its name yields no id: see id_pattern")
    ]


@pytest.mark.parametrize("allow", [False, True])
def test_ids_that_are_written_apart_are_shown(tmp_path, allow):
    folder = make_folder(tmp_path / "data", ["x-1", "x-2"])
    (tmp_path / "c.csv").write_text("id\n1\n2\n")
    dataset = FITS | {"catalogue": str(tmp_path / "c.csv"), "allow_missing_images": allow}
    said = "has the id 'x-1', a row without a file '1': .* id_pattern says which part"
    with pytest.raises(CutoutError, match=said):
        ingest(tmp_path, dataset, folder)


def test_links_to_folders_are_followed_once(tmp_path):
    folder = make_folder(tmp_path / "data")
    make_folder(tmp_path / "elsewhere", ["d"])
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "deep/loop").symlink_to(folder)
    assert len(ingest(tmp_path, FITS, folder)[0]) == 4


@pytest.mark.parametrize("id_pattern", [r"x-\d+", "x-(", r"(x)-(\d+)"])
def test_a_malformed_id_pattern(tmp_path, id_pattern):
    folder = make_folder(tmp_path / "data")
    with pytest.raises(ConfigError, match="id_pattern is "):
        build(tmp_path / "results", FITS | {"id_pattern": id_pattern}, folder)


def test_without_a_zero_point_the_flux_stays_in_counts(tmp_path):
    """Every scale is free of the unit, so nothing is lost; the unit says so."""
    folder = make_folder(tmp_path / "data")
    shards = {}
    for name, zero_point in (("counts", None), ("maggies", 25.0)):
        (tmp_path / name).mkdir()
        ingest(tmp_path / name, FITS | {"zero_point": zero_point}, folder)
        (path,) = (tmp_path / name).rglob("shard*.h5")
        with artifacts.open(path, "images") as file:
            shards[name] = artifacts.read(file, "flux"), file["flux"].attrs["units"]
    counts, maggies = shards["counts"], shards["maggies"]
    assert len(counts[0]) == 3
    np.testing.assert_allclose(maggies[0], counts[0] * np.float32(1e-10), rtol=1e-6)
    assert (counts[1], maggies[1]) == ("AB maggies or counts", "AB maggies")


def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    make_challenge(tmp_path / "few", range(100000, 100200))
    make_challenge(tmp_path / "many", range(100000, 100700))
    few, many = (peak_memory(tmp_path, name) for name in ("few", "many"))
    # 500 more images are 20 MB of pixels.
    assert many - few < 8_000


def peak_memory(tmp_path, name):
    """Return the peak memory (kB) of ingesting a folder in a process of its own."""
    script = (
        "import resource, sys; sys.path[:0] = sys.argv[1:3]; from pathlib import Path\n"
        "from test_ingestion import *\n"
        "dataset = CHALLENGE | {'shards': 1}; folder = Path(sys.argv[3])\n"
        "results = folder.with_suffix('.results'); build(results, dataset, folder)\n"
        "names = ('manifest.h5', 'shard.h5', 'q.csv')\n"
        "args = [results / name for name in names]\n"
        "ingestion.ingest_shard('d', dataset, folder, 0, *args, 1)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    paths = [str(Path(ingestion.__file__).parents[2]), str(Path(__file__).parent)]
    command = [sys.executable, "-c", script, *paths, str(tmp_path / name)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(run.stdout)


# --- real images ----------------------------------------------------------------------------------


@pytest.mark.real_data
@real
def test_the_ten_challenge_images_with_the_full_catalogue(tmp_path):
    dataset = CHALLENGE | {"allow_missing_images": True}
    index, flux, bad = ingest(tmp_path, dataset, SHARED / "challenge1")
    assert len(index) == len(flux) == 10
    assert len(bad) == 19_990
    assert np.median(index["sky_sigma"]) == pytest.approx(SIGMA, rel=0.05)
    ring = index[index["id"] == "100003"].iloc[0]
    assert ring["is_lens"] == 1
    assert ring["einstein_radius_arcsec"] == pytest.approx(4.42, abs=0.01)


@pytest.mark.real_data
@real
def test_the_denoised_cutouts(tmp_path):
    dataset = {
        "kind": "fits",
        "shards": 3,
        "state": "denoised",
        "id_pattern": r"imageEUC_VIS-(\d+)_recons",
        "catalogue": str(CATALOGUE),
        "allow_missing_images": True,
    }
    index, flux, _ = ingest(tmp_path, dataset, SHARED / "challenge1_denoised")
    assert len(index) == 70
    assert ((flux >= 0) & (flux <= 1)).all()
    assert set(index["is_lens"]) == {0, 1}


@pytest.mark.real_data
@real
def test_the_euclid_lenses(tmp_path):
    dataset = FITS | {"hdus": ["VIS_FLUX", "VIS_BGSUB", "PRIMARY"], "zero_point": 24.6}
    index, flux, bad = ingest(tmp_path, dataset, SHARED / "euclid_q1")
    assert flux.shape == (5, 101, 101)
    assert bad == []
    assert ((index["sky_sigma"] > 2.5e-13) & (index["sky_sigma"] < 8e-13)).all()


# --- whatever a file is, it is one row of the list ------------------------------------------------


def test_what_is_no_file_is_listed_and_never_opened(tmp_path):
    folder = make_folder(tmp_path / "data", ["a", "b"])
    os.mkfifo(folder / "pipe.fits")
    (folder / "zero.fits").symlink_to("/dev/zero")
    (folder / "self.fits").symlink_to(folder / "self.fits")
    (folder / "nowhere.fits").symlink_to(folder / "gone.fits")
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "other")
    index, _, bad = ingest(tmp_path, FITS | {"max_quarantine_fraction": 0.9}, folder)
    assert index["id"].tolist() == ["a", "b"]
    assert [(row["path"], row["reason"][:29]) for row in bad] == [
        ("nowhere.fits", "it is a link that leads nowhe"),
        ("pipe.fits", "it is no regular file but a p"),
        ("self.fits", "it is a link that leads nowhe"),
        ("zero.fits", "it is no regular file but a p"),
    ]


def test_a_pipe_in_the_place_of_a_source_is_one_row(tmp_path):
    folder = make_challenge(tmp_path / "data", sources=True)
    place = folder / "Private/Band1/NoLensImage/imageEUC_VIS-100004.fits"
    place.unlink()
    os.mkfifo(place)
    dataset = CHALLENGE | {"source_images": True, "max_quarantine_fraction": 0.2}
    _, _, bad = ingest(tmp_path, dataset, folder)
    assert [row["id"] for row in bad] == ["100004"]
    assert "no regular file" in bad[0]["reason"]


@pytest.mark.parametrize("value", [-9999, 99, True, "unknown", "nan", 1e300, -1e300, 10**30])
def test_a_zero_point_that_is_none_is_one_row(tmp_path, value):
    folder = make_folder(tmp_path / "data", ["a", "b"])
    with fits.open(folder / "b.fits", mode="update") as file:
        file[0].header["MAGZERO"] = value
    _, flux, bad = ingest(tmp_path, FITS | {"max_quarantine_fraction": 0.5}, folder)
    assert len(flux) == 1
    assert [row["path"] for row in bad] == ["b.fits"]
    assert "zero point is no" in bad[0]["reason"]


def test_a_zero_point_without_a_value_is_as_none(tmp_path):
    folder = make_folder(tmp_path / "data", ["a"])
    with fits.open(folder / "a.fits", mode="update") as file:
        file[0].header["MAGZERO"] = None
    assert len(ingest(tmp_path, FITS, folder)[0]) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data * 1e-45 / SIGMA, "no sky noise"),
        (lambda data: data * 1e35 / SIGMA, "too large"),
        (lambda data: np.exp(-np.hypot(*np.indices(data.shape) - 50.0) * 2), "no sky noise"),
    ],
)
def test_an_image_whose_noise_cannot_be_told_is_one_row(tmp_path, change, reason):
    folder = make_folder(tmp_path / "data", ["a"])
    save(folder / "b.fits", change(image(3).astype("f8")).astype("f4"))
    index, _, bad = ingest(tmp_path, FITS | {"max_quarantine_fraction": 0.5}, folder)
    assert index["id"].tolist() == ["a"]
    assert reason in bad[0]["reason"]


def test_every_name_of_a_fits_file_is_taken_and_others_are_counted(tmp_path, caplog):
    folder = make_folder(tmp_path / "data", ["a"])
    for name in ("b.fit", "c.FITS", "d.fits.gz", "e.fts"):
        save(folder / name, image(5)) if "gz" not in name else fits.PrimaryHDU(image(5)).writeto(
            folder / name
        )
    index, _, _ = ingest(tmp_path, FITS, folder)
    assert index["id"].tolist() == ["a", "b", "c", "d", "e"]
    with caplog.at_level("WARNING"):
        index, _, _ = ingest(tmp_path, FITS | {"pattern": "*.fits"}, folder, "narrow")
    assert index["id"].tolist() == ["a"]
    assert "4 FITS files" in caplog.text
    assert "do not fit the pattern '*.fits', for example b.fit" in caplog.text


def test_equal_names_in_two_folders_are_told_apart_by_a_pattern_with_a_slash(tmp_path):
    folder = make_folder(tmp_path / "data", ["one/a", "two/a"])
    dataset = FITS | {"id_pattern": None, "max_quarantine_fraction": 0.5}
    _, _, bad = ingest(tmp_path, dataset, folder)
    assert "id_pattern: '^/?(.+)\\.fits'" in bad[0]["reason"]
    index, _, bad = ingest(tmp_path, FITS | {"id_pattern": r"^/?(.+)\.fits"}, folder, "by_path")
    assert index["id"].tolist() == ["one/a", "two/a"]
    assert bad == []


def test_a_folder_whose_name_is_no_text_is_listed(tmp_path):
    folder = make_folder(tmp_path / "data", ["a"])
    os.mkdir(os.fsencode(folder) + b"/\xff\n")
    save(Path(os.fsdecode(os.fsencode(folder) + b"/\xff\n/b.fits")), image(1))
    index, _, bad = ingest(tmp_path, FITS | {"max_quarantine_fraction": 0.5}, folder)
    assert index["id"].tolist() == ["a"]
    assert [row["path"] for row in bad] == ["\\udcff\\n/b.fits"]


def test_the_list_survives_the_refusal_that_it_explains(tmp_path):
    folder = make_challenge(tmp_path / "data")
    for number in (1, 2):
        (folder / f"Public/Band1/imageEUC_VIS-10000{number}.fits").write_text("text")
    kept = tmp_path / "results/quarantine_refused.csv"
    limit = {"max_quarantine_fraction": 0.123456789}
    with pytest.raises(CutoutError, match=r"max_quarantine_fraction = 0\.123456789 allows") as told:
        ingest(tmp_path, CHALLENGE | limit, folder)
    assert str(kept) in str(told.value)
    assert [row["id"] for row in read_quarantine(kept)] == ["100001", "100002"]
    ingest(tmp_path, CHALLENGE | {"max_quarantine_fraction": 0.5}, folder)
    assert not kept.exists()


def test_nothing_left_is_said_as_that(tmp_path):
    folder = make_challenge(tmp_path / "data", [1, 2])
    for path in (folder / "Public/Band1").iterdir():
        path.write_text("text")
    with pytest.raises(CutoutError, match="so none is left") as told:
        ingest(tmp_path, CHALLENGE | {"max_quarantine_fraction": 1.0}, folder)
    assert "max_quarantine_fraction" not in str(told.value)
