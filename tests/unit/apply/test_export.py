import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from lensflow import artifacts
from lensflow.apply.candidates import rank_candidates
from lensflow.apply.export import export_candidates
from lensflow.samples.bands import bands_attribute

SIZE = 21
RA, DEC = 266.323114123456, -65.936826987654


def make(folder, with_positions=True, known=None, bands=(), ids=("a", "ü{b}", "c"), texts=None):
    """Rank three objects, of which two have a position, and export them."""
    scores = pd.DataFrame(
        {"id": ids, "cluster": 0, "log_density": 0.0, "p_lens_known": [0.2, 0.9, 0.5]}
    )
    scores.to_csv(folder / "s.csv", index=False)
    wcs = np.array([RA, DEC, -2e-5, 1e-5, 1e-5, 2e-5])
    with artifacts.create(folder / "index.h5", "index") as writer:
        writer.strings("id", ids)
        writer.dataset("shard", np.array([0, 1, 1]))
        writer.dataset("row", np.array([0, 0, 1]))
        if with_positions:
            writer.dataset("ra", np.array([np.nan, RA, 10.0]))
            writer.dataset("dec", np.array([np.nan, DEC, 20.0]))
        table = pd.DataFrame({"ra": [1.0, 2, 3], **(texts or {}), "mag": [4.0, 5, 6]})
        artifacts.write_table(writer, "catalogue", table)
    with artifacts.create(folder / "manifest.h5", "manifest") as writer:
        writer.strings("id", ids)
        writer.strings("path", ids)
    for shard, rows in enumerate(([0], [1, 2])):
        attrs = {"state": "raw", **bands_attribute(bands)}
        with artifacts.create(folder / f"{shard}.h5", "images", attrs) as writer:
            images = np.stack([np.full((SIZE, SIZE), row, "f4") for row in rows])
            if bands:
                images = np.stack([images + 10 * place for place in range(len(bands))], axis=1)
            writer.dataset("flux", images, "AB maggies")
            writer.dataset("sky_sigma", np.ones(len(rows)))
            if shard == 1 and with_positions:
                writer.dataset("wcs", np.stack([wcs, np.full(6, np.nan)]))
    paths = {name: folder / name for name in ("c.csv", "c.fits", "c.ecsv", "c.reg", "cut.fits")}
    rank_candidates(
        [folder / "s.csv"], folder / "index.h5", folder / "manifest.h5", "known", 3,
        paths["c.csv"], paths["c.fits"], "sky", known_lenses=known, match_radius=2.0,
    )  # fmt: skip
    export_candidates(
        paths["c.csv"], folder / "index.h5", [folder / "0.h5", folder / "1.h5"], 2, "known",
        paths["c.ecsv"], paths["c.reg"], paths["cut.fits"],
    )  # fmt: skip
    return paths


def test_tables_say_units_and_ucds(tmp_path):
    paths = make(tmp_path)
    csv = pd.read_csv(paths["c.csv"])
    assert csv["id"].tolist() == ["ü{b}", "c", "a"]
    assert csv["ra"].tolist()[:2] == pytest.approx([RA, 10.0], rel=1e-8)
    assert np.isnan(csv["ra"][2])
    assert list(csv)[-1] == "mag"
    for name in ("c.ecsv", "c.fits"):
        table = Table.read(paths[name])
        assert table["ra"].unit == table["dec"].unit == "deg"
        assert table["ra"][0] == RA
        assert len(table) == 3
    assert Table.read(paths["c.ecsv"])["ra"].meta["ucd"] == "pos.eq.ra;meta.main"
    header = fits.getheader(paths["c.fits"], 1)
    number = next(card for card in header if header[card] == "dec").removeprefix("TTYPE")
    assert header[f"TUCD{number}"] == "pos.eq.dec;meta.main"
    assert header["JUDGEDBY"] == "known"


def test_texts_that_look_like_numbers_or_like_nothing_stay_texts(tmp_path):
    """A known lens without a name is called by its row; a tile 0012 is not the number 12."""
    known = tmp_path / "known.csv"
    known.write_text(f"ra,dec\n10,20\n{RA},{DEC}\n")
    texts = {"tile": ["0012", "0013", ""], "type": ["NA", "None", "E"]}
    expected = {
        "id": ["NA", "07", "null"],
        "known_lens": ["2", "1", ""],
        "tile": ["0013", "", "0012"],
        "type": ["None", "E", "NA"],
    }
    paths = make(tmp_path, known=known, ids=["null", "NA", "07"], texts=texts)
    for name in ("c.ecsv", "c.fits"):
        table = Table.read(paths[name])
        # What is empty in a FITS table is masked by its reader.
        read = {name: [text or "" for text in table[name].tolist()] for name in expected}
        assert read == expected
    with fits.open(paths["cut.fits"]) as file:
        assert [hdu.header["OBJECT"] for hdu in file[1:]] == ["NA", "07"]


@pytest.mark.parametrize(
    "unread", [["12:00:01.5", "00:30:00", "1h"], [-999.0, -999.0, -999.0]], ids=["text", "number"]
)
def test_what_a_catalogue_calls_a_position_and_is_none_is_left_out(tmp_path, caplog, unread):
    paths = make(tmp_path, with_positions=False, texts={"dec": unread})
    assert not {"ra", "dec"} & set(pd.read_csv(paths["c.csv"]))
    assert "no candidate has a position" in paths["c.reg"].read_text()
    (told,) = (record.message for record in caplog.records if record.levelname == "WARNING")
    assert "what the catalogue has in its columns ra and dec is none in degrees" in told


def test_a_position_stands_once_whatever_its_case_in_the_catalogue(tmp_path):
    paths = make(tmp_path, texts={"RA": [1.0, 2.0, 3.0], "Dec": [1.0, 3.0, 4.0]})
    names = Table.read(paths["c.fits"]).colnames
    assert [name for name in names if name.lower() in ("ra", "dec")] == ["ra", "dec"]


def test_cutouts_of_several_bands_are_an_hdu_a_band(tmp_path):
    paths = make(tmp_path, bands=("VIS", "H"))
    with fits.open(paths["cut.fits"]) as file:
        assert [hdu.name for hdu in file[1:]] == ["RANK1_VIS", "RANK1_H", "RANK2_VIS", "RANK2_H"]
        assert [hdu.header["FILTER"] for hdu in file[1:3]] == ["VIS", "H"]
        for hdu, value in zip(file[1:], (1, 11, 2, 12), strict=True):
            assert (hdu.data == np.full((SIZE, SIZE), value)).all()
        place = WCS(file[2].header).pixel_to_world(SIZE // 2, SIZE // 2)
        assert (place.ra.deg, place.dec.deg) == pytest.approx((RA, DEC))


def test_a_region_file_has_a_circle_a_position(tmp_path):
    lines = make(tmp_path)["c.reg"].read_text().splitlines()
    assert lines[0].startswith("# Region file format: DS9")
    assert lines[2] == "icrs"
    assert lines[3] == 'circle(266.3231141,-65.9368270,3.0") # text={1 ü_b_}'
    assert len(lines) == 5


def test_cutouts_of_the_best_have_their_wcs(tmp_path):
    with fits.open(make(tmp_path)["cut.fits"]) as file:
        assert [hdu.name for hdu in file] == ["PRIMARY", "RANK1", "RANK2"]
        assert (file["RANK1"].data == 1).all()
        assert file["RANK1"].header["P_LENS"] == 0.9
        assert file["RANK1"].header["OBJECT"] == "%C3%BC{b}"
        assert file["RANK1"].header["BUNIT"] == "maggy"
        wcs = WCS(file["RANK1"].header)
        np.testing.assert_allclose(wcs.all_pix2world([[10, 10]], 0)[0], [RA, DEC], rtol=1e-12)
        assert wcs.wcs.cd.tolist() == [[-2e-5, 1e-5], [1e-5, 2e-5]]
        assert "CTYPE1" not in file["RANK2"].header
        assert file["RANK2"].header["RA_TARG"] == 10.0


def test_without_positions_the_catalogue_stays_as_it_was(tmp_path):
    paths = make(tmp_path, with_positions=False)
    assert pd.read_csv(paths["c.csv"])["ra"].tolist() == [2.0, 3.0, 1.0]
    for name in ("c.ecsv", "c.fits"):
        column = Table.read(paths[name])["ra"]
        assert (column.unit, column.description or "", column.meta) == (None, "", {})
    assert "TUCD1" not in fits.getheader(paths["c.fits"], 1)


def test_known_lenses_are_marked_in_every_format(tmp_path):
    (tmp_path / "known.csv").write_text(f"name,ra,dec\nring,{RA},{DEC}\n")
    paths = make(tmp_path, known=tmp_path / "known.csv")
    assert pd.read_csv(paths["c.csv"], keep_default_na=False)["known_lens"].tolist() == [
        "ring",
        "",
        "",
    ]
    assert fits.getdata(paths["c.fits"])["known_lens"].tolist() == ["ring", "", ""]
    assert Table.read(paths["c.ecsv"])["known_lens"][0] == "ring"


def test_the_same_candidates_give_the_same_bytes(tmp_path):
    content = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        content.append([path.read_bytes() for path in make(tmp_path / name).values()])
    assert content[0] == content[1]
