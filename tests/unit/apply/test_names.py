"""What listing takes arrives unchanged in candidates.csv, candidates.fits and the figure."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.table import Table

from lensflow.apply.candidates import rank_candidates
from lensflow.figures.candidates import candidate_sheet
from lensflow.figures.image_rows import class_title
from lensflow.ingest import ingestion
from lensflow.prepare.splits import read_split, split_dataset
from lensflow.report.contents import _csv
from lensflow.samples.scores import write_scores

NAMES = ["NA", "nan", "null", "None", "#5", "$\\bad$", "$x", "007", "1e5", "a\\", "-1", "True"]
NAMES += ["{0}", "%20", "<b>", "'q'", "a;b", "a,b", "=1+1", "&amp;", "~", "_", "a b", "1.0"]
NAMES += ["x" * 190, 'with"quote', "\\$"]
OWN = ["cluster", "log_odds", "scatter", "mean_grade", "n_graders", "arcs"]
REFUSED = ["é", "a\rb", "a\nb", " a", "b ", "tab\tin", "y" * 201]
CELLS = {
    "text": ["NA", "é €", "", "a,b", '"', "line\nend", "$\\bad$", "x" * 300],
    "tile": ["007", "008", "", "1", "2", "3", "4", "5"],
    "object": [str(2684354559999999990 + n) for n in range(8)],
    "ra": ["150.123456789012", "-0.1", "1e-300", "0", "1", "2", "3", "4"],
}


@pytest.fixture
def folder(tmp_path):
    noise = np.random.default_rng(1).normal(0, 1, (len(NAMES) + len(REFUSED), 101, 101))
    (tmp_path / "data").mkdir()
    for number, name in enumerate([*NAMES, *REFUSED]):
        fits.PrimaryHDU(noise[number].astype("f4")).writeto(tmp_path / f"data/{name}.fits")
    columns = {key: (cells * 10)[: len(NAMES)] for key, cells in CELLS.items()}
    columns["object"] = [str(2684354559999999990 + n) for n in range(len(NAMES))]
    own = dict.fromkeys(["path", *OWN], "mine")
    table = pd.DataFrame({"ID": NAMES, **own, "é": 2, "w" * 100: 3, **columns})
    table.to_csv(tmp_path / "c.csv", index=False, quoting=1)
    return tmp_path


@pytest.fixture
def ingested(folder):
    dataset = {
        "kind": "fits",
        "shards": 1,
        "catalogue": str(folder / "c.csv"),
        "max_quarantine_fraction": 0.5,
    }
    paths = [folder / name for name in ("manifest.h5", "listing.csv", "shard.h5", "shard.csv")]
    ingestion.build_manifest("d", dataset, folder / "data", *paths[:2])
    ingestion.ingest_shard("d", dataset, folder / "data", 0, paths[0], *paths[2:], seed=1)
    out = folder / "index.h5", folder / "quarantine.csv"
    ingestion.build_index("d", dataset, [paths[2]], [paths[1], paths[3]], *out)
    return folder


def test_names_and_cells_survive(ingested):
    split_dataset(ingested / "index.h5", ingested / "split.csv", "unlabelled", 1.0, 1)
    rows = read_split(ingested / "split.csv", "train")
    assert rows["id"].tolist() == sorted(NAMES)
    density = np.arange(len(rows), dtype=float)
    scored = rows[["id", "rotation", "is_lens"]].assign(weight=1, cluster=0, log_density=density)
    write_scores(ingested / "scores.csv", [scored])
    tables = ingested / "candidates.csv", ingested / "candidates.fits"
    (ingested / "grades.csv").write_text(f"id,grade,who\n{NAMES[0]},A,me\n")
    rank_candidates(
        [ingested / "scores.csv"],
        ingested / "index.h5",
        ingested / "manifest.h5",
        "nobody",
        100,
        *tables,
        "named",
        grades=[ingested / "grades.csv"],
    )
    given = pd.read_csv(ingested / "c.csv", dtype=str, keep_default_na=False).set_index("ID")
    given = given.loc[sorted(NAMES)]
    text = pd.read_csv(tables[0], dtype=str, keep_default_na=False)
    assert text["id"].tolist() == sorted(NAMES)
    assert text["path"].tolist() == [f"{name}.fits" for name in sorted(NAMES)]
    for name in ("text", "tile", "object"):
        assert text[name].tolist() == given[name].tolist(), name
    assert text["ra"].astype(float).tolist() == given["ra"].astype(float).tolist()
    assert not {"é", "w" * 100} & set(text)
    assert not (text == "mine").any(axis=None)
    assert text.loc[text["id"] == NAMES[0], ["mean_grade", "n_graders"]].values.tolist() == [
        ["3.0", "1"]
    ]
    stored = Table.read(tables[1])
    assert stored["id"].tolist() == sorted(NAMES)
    assert stored["object"].tolist() == [int(number) for number in given["object"]]
    assert stored["ra"].tolist() == given["ra"].astype(float).tolist()
    assert stored["tile"].tolist() == given["tile"].tolist()
    assert stored.colnames == list(text)
    assert _csv(tables[0])["id"].tolist() == sorted(NAMES)
    candidate_sheet(
        tables[0],
        [ingested / "shard.h5"],
        ingested / "sheet.png",
        ingested / "sheet.pdf",
        "log",
        "nobody",
        None,
    )
    assert (ingested / "sheet.pdf").stat().st_size > 10_000


def test_what_is_refused_is_in_quarantine(ingested):
    listed = pd.read_csv(ingested / "quarantine.csv", keep_default_na=False)
    files = listed[listed["path"] != ""]
    shown = [
        name.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t") for name in REFUSED
    ]
    assert sorted(files["path"]) == sorted(f"{name}.fits" for name in shown)
    assert files["reason"].str.contains("its id ").all()
    columns = "".join(listed.loc[listed["path"] == "", "reason"])
    for name in ("path", *OWN, "\\xe9", "w" * 100):
        assert f"column '{name}' of the catalogue is left out" in columns


def test_a_dollar_in_a_name_is_no_mathematics():
    assert class_title(r"$\bad$", 1) == r"\$\bad\$ (lens)"
