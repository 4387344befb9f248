"""The stage from files to tables, on the small experiment."""

import shutil

import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.errors import ArtifactError
from lensflow.evaluate import finder
from lensflow.evaluate.columns import (
    BRIER_COLUMNS,
    CALIBRATION_COLUMNS,
    MISSED_COLUMNS,
    RANKER_COLUMNS,
    RATES_COLUMNS,
)
from lensflow.evaluate.metrics import ABOVE
from lensflow.evaluate.missed import BEST
from lensflow.evaluate.ranked import read_ranked
from unit.evaluate.conftest import make_run

COLUMNS = {
    "rates": RATES_COLUMNS,
    "calibration": CALIBRATION_COLUMNS,
    "calibration_summary": BRIER_COLUMNS,
    "missed": MISSED_COLUMNS,
}


def write_index(path, sample, n_objects=120, radius=lambda numbers: numbers / 40):
    """An index in another order than the embeddings, of one object more."""
    numbers = np.arange(n_objects + 1)[::-1]
    with artifacts.create(path, "index") as writer:
        writer.strings("id", [f"{sample}{number:04d}" for number in numbers])
        catalogue = pd.DataFrame({"einstein_radius_arcsec": radius(numbers)})
        artifacts.write_table(writer, "catalogue", catalogue)
    return path


NO_RANKERS = pd.DataFrame(columns=RANKER_COLUMNS)


def ranked_by(labels, ids):
    """Scores of objects that rise in their order."""
    return pd.DataFrame({"sample": "test", "labels": labels, "id": ids, "score": range(len(ids))})


def run_finder(folders, out, samples=("test",), rankers=NO_RANKERS):
    rankers.to_csv(out / "rankers.csv", index=False)
    finder.evaluate_finder_stage(
        samples,
        [folder / f"scores_{sample}.csv" for sample in samples for folder in folders],
        [folder / "scores_train.csv" for folder in folders],
        [folders[0] / f"embeddings_{sample}.h5" for sample in samples],
        [write_index(out / f"{sample}.h5", sample) for sample in samples],
        out / "rankers.csv",
        {name: out / f"{name}.csv" for name in COLUMNS},
        n_bootstrap=10,
        seed=1,
    )
    return {name: pd.read_csv(out / f"{name}.csv") for name in COLUMNS}


def read(folders, tmp_path, sample="test", rankers=NO_RANKERS, **index):
    return read_ranked(
        sample,
        [folder / f"scores_{sample}.csv" for folder in folders],
        [folder / "scores_train.csv" for folder in folders],
        folders[0] / f"embeddings_{sample}.h5",
        write_index(tmp_path / "index.h5", sample, **index),
        rankers,
    )


def test_an_object_is_its_first_image_with_the_mean_over_runs(folders, tmp_path):
    one = read(folders, tmp_path)
    tables = [pd.read_csv(folder / "scores_test.csv", dtype={"id": str}) for folder in folders]
    assert one.ids.tolist() == tables[0]["id"].unique().tolist()
    scores = {(score.labels, score.run): score for score in one.scores}
    assert list(scores) == [
        (labels, run) for labels in ("known", "stand_in", "density") for run in ("all", "0", "1")
    ]
    first = [table[::2] for table in tables]
    mean = (first[0]["p_lens_known"] + first[1]["p_lens_known"]).to_numpy() / 2
    assert scores["known", "all"].values == pytest.approx(mean)
    assert scores["density", "1"].values == pytest.approx(-first[1]["log_density"].to_numpy())
    assert [scores["known", run].n_runs for run in ("all", "0")] == [2, 1]


def test_the_judged_fraction_is_the_mean_probability_of_the_training_sample(folders, tmp_path):
    means = [pd.read_csv(folder / "scores_train.csv")["p_lens_known"].mean() for folder in folders]
    known = [score for score in read(folders, tmp_path).scores if score.labels == "known"]
    fractions = [score.judged_fraction for score in known]
    assert fractions == pytest.approx([np.mean(means), *means])


def test_measures_are_found_by_id_and_a_code_for_unknown_is_unknown(folders, tmp_path):
    one = read(folders, tmp_path)
    number = np.array([int(name.removeprefix("test")) for name in one.ids])
    assert one.measures["einstein_radius_arcsec"].to_numpy() == pytest.approx(number / 40)
    snr = one.measures["snr"].to_numpy()
    assert np.isnan(snr[one.is_lens == 0]).all()  # -1 pixels there
    lens = one.is_lens == 1
    assert snr[lens] == pytest.approx(1e4 / np.sqrt(90 + 2 * number[lens]))


def test_lenses_of_a_radius_that_is_coded_as_unknown_are_counted_as_such(folders, tmp_path):
    """A catalogue may say -1 or -99: these lenses belong in the row of those that are unknown."""
    one = read(folders, tmp_path, radius=lambda numbers: np.where(numbers % 2, -99.0, 0.0))
    odd = np.array([int(name.removeprefix("test")) % 2 == 1 for name in one.ids])
    radius = one.measures["einstein_radius_arcsec"].to_numpy()
    assert np.isnan(radius[odd]).all()
    assert (radius[~odd] == 0).all()


def test_tables_have_every_sample_and_score(folders, tmp_path):
    tables = run_finder(folders, tmp_path, ("test", "train"))
    for name, columns in COLUMNS.items():
        assert list(tables[name].columns) == columns, name
        assert tables[name]["sample"].unique().tolist() == ["test", "train"], name
    assert set(tables["rates"]["labels"]) == {"known", "stand_in", "density"}
    assert set(tables["calibration"]["labels"]) == {"known", "stand_in"}
    assert set(tables["rates"]["run"].astype(str)) == {"all", "0", "1"}


def test_injected_lenses_rank_and_promise_nothing(folders, tmp_path):
    """Their p is a lens's share as if half of all images were injected: no probability of one."""
    renamed = []
    for folder in folders:
        renamed.append(tmp_path / folder.name)
        shutil.copytree(folder, renamed[-1])
        for path in renamed[-1].glob("scores_*.csv"):
            path.write_text(path.read_text().replace("_known", "_injected"))
    tables = run_finder(renamed, tmp_path)
    assert set(tables["calibration"]["labels"]) == {"stand_in"}
    assert set(tables["calibration_summary"]["labels"]) == {"stand_in"}
    rates = tables["rates"].set_index("labels")
    assert rates.loc["injected", "purity_expected"].isna().all()
    assert rates.loc["stand_in", "purity_expected"].notna().any()
    by_known = run_finder(folders, tmp_path)["rates"].set_index("labels")
    columns = ["purity", "completeness", "n_selected"]
    pd.testing.assert_frame_equal(
        rates.loc["injected", columns].reset_index(drop=True),
        by_known.loc["known", columns].reset_index(drop=True),
    )
    missed = tables["missed"].groupby("labels")["selection"].unique().map(list).to_dict()
    assert missed["injected"] == [BEST]
    assert missed["stand_in"] == [BEST, ABOVE]


def test_same_seed_gives_the_same_bytes(folders, tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        run_finder(folders, tmp_path / name)
    for name in COLUMNS:
        first, second = (tmp_path / folder / f"{name}.csv" for folder in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_a_sample_of_unknown_classes_is_left_out(tmp_path):
    folder = make_run(tmp_path, 0, samples=("train",), known=False)
    tables = run_finder([folder], tmp_path, ("train",))
    for name, columns in COLUMNS.items():
        assert list(tables[name].columns) == columns
        assert len(tables[name]) == 0


def test_files_of_other_rows_are_refused(folders, tmp_path):
    with pytest.raises(ArtifactError, match="different rows of the sample 'test'"):
        read_ranked(
            "test",
            [folders[0] / "scores_test.csv", folders[1] / "scores_train.csv"],
            [folder / "scores_train.csv" for folder in folders],
            folders[0] / "embeddings_test.h5",
            write_index(tmp_path / "index.h5", "test"),
            NO_RANKERS,
        )


def test_objects_of_equal_probability_are_listed_by_their_log_odds(folders, tmp_path):
    for number, folder in enumerate(folders):
        table = pd.read_csv(folder / "scores_test.csv", dtype={"id": str})
        odds = np.random.default_rng(number).normal(size=len(table))
        table.assign(p_lens_known=1.0, log_odds_known=odds).to_csv(
            folder / "scores_test.csv", index=False
        )
    one = read(folders, tmp_path)
    score = next(score for score in one.scores if (score.labels, score.run) == ("known", "all"))
    paths = [folder / "scores_test.csv" for folder in folders]
    by_odds = one.ids[np.argsort(-score.ranking)]
    first = pd.concat([pd.read_csv(path, dtype={"id": str}) for path in paths], axis=1)
    first = first.loc[~first["id"].iloc[:, 0].duplicated(), "log_odds_known"].mean(axis=1)
    np.testing.assert_array_equal(by_odds, one.ids[np.argsort(-first.to_numpy())])
    assert sorted(score.ranking) == list(range(len(one.ids)))


def test_what_ranks_beside_is_a_score_of_its_own_and_changes_no_other(folders, tmp_path):
    (tmp_path / "with").mkdir()
    alone = run_finder(folders, tmp_path)
    ids = read(folders, tmp_path).ids
    tables = run_finder(folders, tmp_path / "with", rankers=ranked_by("arcs", ids))
    for name in ("rates", "missed"):
        own = tables[name][tables[name]["labels"] != "arcs"].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, alone[name], check_dtype=False)
    beside = tables["rates"][tables["rates"]["labels"] == "arcs"]
    assert set(beside["run"]) == {"all"}
    assert beside["purity_expected"].isna().all()  # it is no probability
    assert len(beside) == len(tables["rates"].query("labels == 'known' and run == 'all'"))
    assert set(tables["calibration"]["labels"]) == {"known", "stand_in"}


def test_what_ranks_other_objects_is_refused(folders, tmp_path):
    ids = read(folders, tmp_path).ids[::-1]
    with pytest.raises(ArtifactError, match="different rows of the sample 'ranked by arcs'"):
        read(folders, tmp_path, rankers=ranked_by("arcs", ids))
