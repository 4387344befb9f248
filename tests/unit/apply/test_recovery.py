import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.apply import recovery
from lensflow.apply.recovery import Ranked, measure_completeness
from lensflow.errors import ArtifactError
from lensflow.evaluate.intervals import wilson
from lensflow.samples.injected import COLUMNS

SURVEY = ["a", "b", "c", "d", "e"]


def write_scores(path, ids, p_lens=None, density=0.0):
    table = pd.DataFrame({"id": ids, "cluster": 0, "log_density": density})
    if p_lens is not None:
        table["p_lens_known"] = p_lens
    table.to_csv(path, index=False)
    return path


def write_images(path, galaxies, radius=1.0, pixels=100.0, flux=300.0, magnitude=np.nan):
    """Write what is known of sources behind some galaxies; they have no images here."""
    n = len(galaxies)
    values = {
        "is_lens": 1, "galaxy": galaxies, "einstein_radius_arcsec": radius,
        "numb_pix_lensed_image": pixels, "flux_lensed_image_in_sigma": flux,
        "source_flux_in_sigma": 50.0, "source_magnitude": magnitude,
    }  # fmt: skip
    with artifacts.create(path, "images", {"shard": 0, "state": "raw"}) as writer:
        writer.strings("id", [f"injected_{number}" for number in range(n)])
        table = pd.DataFrame(values, index=range(n))[list(COLUMNS)]
        artifacts.write_table(writer, "catalogue", table)
    return [path]


def measure(folder, galaxies, p_lens, survey_p, n_candidates, fractions=(0.1,), **known):
    """Return the three tables of sources with these probabilities in a survey with those."""
    ids = [f"injected_{number}" for number in range(len(galaxies))]
    survey = Ranked([write_scores(folder / "survey.csv", SURVEY[: len(survey_p)], survey_p)])
    injected = Ranked([write_scores(folder / "injected.csv", ids, p_lens)])
    images = write_images(folder / "shard_0.h5", galaxies, **known)
    paths = [folder / f"{name}.csv" for name in ("sources", "completeness", "purity")]
    measure_completeness(survey, injected, images, "known", n_candidates, fractions, *paths)
    return [pd.read_csv(path) for path in paths]


def test_the_numbers_by_hand(tmp_path):
    sources, completeness, purity = measure(
        tmp_path,
        galaxies=["e", "e", "e", "d"],
        p_lens=[0.95, 0.7, 0.55, 0.1],
        survey_p=[0.9, 0.8, 0.6, 0.3, 0.2],
        n_candidates=2,
        radius=[0.7, 0.7, 1.2, 1.2],
        pixels=[100.0, 4.0, 100.0, 0.0],
        flux=[300.0, 100.0, 300.0, 0.0],
    )
    # Before 0.7 come 0.9 and 0.8; the third place is behind the list of two.
    assert sources["rank"].tolist()[0] == 1
    assert sources["rank"].isna().tolist() == [False, True, True, True]
    assert sources["snr"].tolist() == [30.0, 50.0, 30.0, 0.0]
    whole = completeness[completeness["by"] == "all"].set_index("selection")
    assert whole["n_found"].to_dict() == {"p > 0.5": 3, "top 2": 1}
    assert (whole["n_lens"] == 4).all()
    assert whole["completeness"].tolist() == [0.75, 0.25]
    low, high = wilson(3, 4)
    assert whole.loc["p > 0.5", "completeness_low"] == pytest.approx(float(low))
    assert whole.loc["p > 0.5", "completeness_high"] == pytest.approx(float(high))

    def bins(by, selection):
        rows = completeness[(completeness["by"] == by) & (completeness["selection"] == selection)]
        rows = rows[rows["n_lens"] > 0].set_index("low")
        return rows[["n_lens", "n_found"]].T.to_dict("list")

    assert bins("einstein_radius_arcsec", "p > 0.5") == {0.5: [2, 2], 1.0: [2, 1]}
    assert bins("snr", "top 2") == {0.0: [1, 0], 20.0: [2, 1], 50.0: [1, 0]}
    # Three objects of the survey are above one half, five in all, of which 10 % are lenses.
    table = purity.set_index("selection")
    assert table["n_objects"].tolist() == [5, 5]
    assert table["n_selected"].to_dict() == {"p > 0.5": 3, "top 2": 2}
    assert table["n_lens_expected"].tolist() == pytest.approx([0.1 * 5 * 0.75, 0.1 * 5 * 0.25])
    assert table["purity"].tolist() == pytest.approx([0.375 / 3, 0.125 / 2])
    assert table.loc["p > 0.5", "purity_low"] == pytest.approx(0.5 * float(low) / 3)
    assert table.loc["p > 0.5", "purity_high"] == pytest.approx(0.5 * float(high) / 3)


def test_an_image_takes_the_place_of_its_galaxy(tmp_path):
    """Behind the best galaxy a source is first where it is second to that galaxy alone."""
    sources, *_ = measure(
        tmp_path,
        galaxies=["a", "b", "e"],
        p_lens=[0.85, 0.85, 0.85],
        survey_p=[0.9, 0.8, 0.6, 0.3, 0.2],
        n_candidates=1,
    )
    assert sources["rank"].tolist()[0] == 1
    assert sources["rank"].isna().tolist() == [False, True, True]


def test_a_list_that_is_longer_than_the_survey_holds_all_and_says_so(tmp_path, caplog):
    _, completeness, purity = measure(
        tmp_path, ["a", "b"], [0.0, 0.9], [0.5, 0.4, 0.3], n_candidates=10
    )
    whole = completeness[completeness["by"] == "all"].set_index("selection")
    assert whole.loc["top 10", "completeness"] == 1
    assert purity.set_index("selection").loc["top 10", "n_selected"] == 3
    (said,) = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert said.startswith("top 10: all 3 objects")
    assert "smaller n_candidates (now 10)" in said


def test_magnitudes_are_told_apart_where_they_are_known(tmp_path):
    arguments = {"survey_p": [0.9, 0.1], "n_candidates": 1}
    _, without, _ = measure(tmp_path, ["b", "b"], [0.8, 0.2], **arguments)
    assert set(without["by"]) == {"all", "einstein_radius_arcsec", "snr"}
    _, known, _ = measure(tmp_path, ["b", "b"], [0.8, 0.2], magnitude=[24.0, 18.0], **arguments)
    rows = known[(known["by"] == "source_magnitude") & (known["selection"] == "p > 0.5")]
    assert rows[rows["n_lens"] > 0][["low", "high", "n_found"]].to_numpy().tolist() == [
        [-np.inf, 20, 0],
        [24, 25, 1],
    ]


def test_in_a_survey_of_one_object_every_source_is_first(tmp_path):
    sources, completeness, _ = measure(tmp_path, ["a", "a"], [0.1, 0.9], [0.6], n_candidates=1)
    assert sources["rank"].tolist() == [1, 1]
    whole = completeness[completeness["by"] == "all"].set_index("selection")
    assert whole["n_found"].to_dict() == {"p > 0.5": 1, "top 1": 2}


@pytest.mark.parametrize(
    ("n_lens", "n_selected", "purity"), [(5.0, 20, 0.25), (30.0, 20, 1.0), (0.0, 20, 0.0)]
)
def test_purity_is_the_share_of_lenses_and_one_at_most(n_lens, n_selected, purity):
    assert recovery.implied_purity(n_lens, n_selected) == purity


def test_an_empty_selection_has_no_purity(tmp_path):
    _, _, purity = measure(tmp_path, ["a"], [0.4], [0.3, 0.2], 1)
    row = purity.set_index("selection").loc["p > 0.5"]
    assert row["n_selected"] == 0
    assert np.isnan(row["purity"])


def test_runs_are_averaged_as_for_candidates(tmp_path):
    survey = Ranked([write_scores(tmp_path / "s.csv", ["a", "b"], [0.6, 0.1])] * 2)
    runs = [
        write_scores(tmp_path / f"{p}.csv", ["injected_0", "injected_1"], [p, 0.0])
        for p in (0.9, 0.2)
    ]
    images = write_images(tmp_path / "shard_0.h5", ["b", "b"])
    paths = [tmp_path / f"{name}.csv" for name in ("sources", "completeness", "purity")]
    measure_completeness(survey, Ranked(runs), images, "known", 1, (0.1,), *paths)
    assert pd.read_csv(paths[0])["p_lens"].tolist() == pytest.approx([0.55, 0.0])


@pytest.mark.parametrize("by_arcs", [False, True])
def test_where_nobody_judged_sources_take_their_place_among_the_objects(tmp_path, by_arcs):
    """By density alone, or by the ranks that the survey's objects give density and arcs."""
    random = np.random.default_rng(5)
    n, ids = 40, [f"o{number:02}" for number in range(40)]
    density, arcs = random.normal(size=n), random.normal(size=n)
    sources, new = [f"injected_{number}" for number in range(6)], [0, 7, 13, 20, 31, 39]

    def ranked(name, names, density, arcs):
        scores = [write_scores(tmp_path / f"{name}.csv", names, density=density)]
        path = tmp_path / f"arcs_{name}.csv"
        pd.DataFrame({"id": names, "arcs": arcs}).to_csv(path, index=False)
        return Ranked(scores, path if by_arcs else None)

    survey = ranked("survey", ids, density, arcs)
    # Sources that change nothing are ranked as their galaxies are.
    injected = ranked("injected", sources, density[new], arcs[new])
    images = write_images(tmp_path / "shard_0.h5", [ids[place] for place in new])
    paths = [tmp_path / f"{name}.csv" for name in ("sources", "completeness", "purity")]
    measure_completeness(survey, injected, images, "nobody", n, (0.1,), *paths)
    expected = recovery.best_of_runs(survey.scores, "nobody", n, survey.arcs)["id"].tolist()
    found = pd.read_csv(paths[0])
    assert found["rank"].tolist() == [expected.index(ids[place]) + 1 for place in new]
    assert "p_lens" not in found
    assert set(pd.read_csv(paths[1])["selection"]) == {f"top {n}"}


def test_scores_of_other_sources_are_refused(tmp_path):
    survey = Ranked([write_scores(tmp_path / "survey.csv", SURVEY, 0.5)])
    injected = Ranked([write_scores(tmp_path / "injected.csv", ["injected_1"], 0.5)])
    images = write_images(tmp_path / "shard_0.h5", ["a"])
    with pytest.raises(ArtifactError, match="not of the injected sources"):
        measure_completeness(survey, injected, images, "known", 2, (0.1,), "a", "b", "c")


def test_more_sources_than_are_compared_at_once(tmp_path, monkeypatch):
    arguments = (["e"] * 5, [0.95, 0.85, 0.7, 0.4, 0.1], [0.9, 0.8, 0.6, 0.3, 0.2], 4)
    whole, *_ = measure(tmp_path, *arguments)
    monkeypatch.setattr(recovery, "BLOCK", 2)
    parts, *_ = measure(tmp_path, *arguments)
    pd.testing.assert_frame_equal(whole, parts)
    assert whole["rank"].tolist()[:4] == [1, 2, 3, 4]
    assert np.isnan(whole["rank"][4])
