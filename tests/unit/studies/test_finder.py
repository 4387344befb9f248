"""What a finder refuses, and what it measures: images in memory and files."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.cluster.labelling import label_clusters_stage
from lensflow.cluster.scoring import score_stage
from lensflow.cluster.spread import spread_mixture_stage
from lensflow.errors import ArtifactError, ConfigError, CutoutError
from lensflow.experiment import Dataset
from lensflow.ingest.cutouts import read_batch
from lensflow.ingest.kinds import KINDS
from lensflow.samples.embeddings import read_embeddings
from lensflow.samples.scores import read_scores
from lensflow.studies.finder import Finder
from unit.cluster.conftest import fit_classes, write_classes


def without_models(monkeypatch, other=None, **entry):
    """Return a finder without models: what it takes does not depend on them.

    Parameters
    ----------
    other : mapping, optional
        A dataset that the experiment is applied to, called survey.
    **entry
        The dataset it was trained on, of kind fits unless said otherwise.
    """
    monkeypatch.setattr(Finder, "_load_encoder", lambda self: None)
    monkeypatch.setattr(Finder, "_load_denoiser", lambda self: None)
    monkeypatch.setattr(Finder, "_load_mixtures", lambda self: None)
    dataset = Dataset("stamps", {"kind": "fits", **entry})
    datasets = [dataset, *([Dataset("survey", other)] if other else [])]
    known = {"name": "some", "dataset": dataset, "datasets": datasets, "config": {"seed": 1}}
    return Finder(SimpleNamespace(model={"scale": "log", "n_features": 3}, **known), root=None)


@pytest.fixture
def finder(monkeypatch):
    return without_models(monkeypatch)


def noise(n=3, side=101, sigma=2.0):
    return np.random.default_rng(5).normal(0, sigma, (n, side, side))


@pytest.mark.parametrize("side", [101, 80, 150])
def test_images_in_memory_come_to_one_size_with_their_noise(finder, side):
    cutouts = finder.take(noise(side=side))
    assert cutouts.flux.shape == (3, 101, 101)
    np.testing.assert_allclose(cutouts.sky_sigma, 2.0, rtol=0.1)
    assert cutouts.ids == ["0", "1", "2"]
    assert np.std(cutouts.flux) == pytest.approx(2.0, rel=0.1)


def test_files_and_arrays_are_the_same_images(finder, tmp_path):
    images = noise().astype(np.float32)
    for number, image in enumerate(images):
        fits.PrimaryHDU(image).writeto(tmp_path / f"{number}.fits")
    (tmp_path / "bad.fits").write_text("no image")
    read = finder.read([*(tmp_path / f"{n}.fits" for n in range(3)), tmp_path / "bad.fits"])
    taken = finder.take(images)
    assert read.ids == taken.ids
    np.testing.assert_array_equal(read.flux, taken.flux)
    np.testing.assert_array_equal(read.sky_sigma, taken.sky_sigma)
    assert list(read.problems) == ["bad"]


def test_files_and_arrays_of_several_bands_are_the_same_images(monkeypatch, tmp_path, finder):
    several = without_models(monkeypatch, bands={"VIS": {}, "Y": {}})
    images = np.stack([noise(), 3 * noise(side=101)[::-1]], axis=1).astype(np.float32)
    for number, (vis, other) in enumerate(images):
        hdus = [fits.PrimaryHDU(), fits.ImageHDU(vis, name="V"), fits.ImageHDU(other, name="NIR")]
        fits.HDUList(hdus).writeto(tmp_path / f"{number}.fits")
    paths = [tmp_path / f"{number}.fits" for number in range(3)]
    read = several.read(paths, {"VIS": ["v"], "Y": ["nir"]})
    taken = several.take(images)
    np.testing.assert_array_equal(read.flux, images)
    np.testing.assert_array_equal(taken.flux, images)
    np.testing.assert_array_equal(read.sky_sigma, taken.sky_sigma)
    np.testing.assert_allclose(read.sky_sigma, [[2.0, 6.0]] * 3, rtol=0.15)
    for wrong in (["v"], None, {"VIS": ["v"]}, {"VIS": ["v"], "Y": ["V"]}):
        with pytest.raises(ConfigError, match=r"a mapping from each of its bands \['VIS', 'Y'\]"):
            several.read(paths, wrong)
    with pytest.raises(ConfigError, match="expected, for the experiment some, names of HDUs"):
        finder.read(paths, {"VIS": ["v"]})
    with pytest.raises(CutoutError, match=r"expected \(n, 2, height, width\)"):
        several.take(images[:, 0])


def test_coarse_bands_are_brought_to_the_pixels_of_the_first_as_for_training(monkeypatch, tmp_path):
    bands = {"VIS": {"pixel_scale": 0.1}, "Y": {"pixel_scale": 0.3}}
    several = without_models(monkeypatch, bands=bands)
    coarse = np.zeros((37, 37), np.float32)
    coarse[18, 18] = 900.0
    coarse += noise(n=1, side=37)[0].astype(np.float32)
    hdus = [fits.ImageHDU(noise(n=1)[0], name="V"), fits.ImageHDU(coarse, name="NIR")]
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(tmp_path / "a.fits")
    flux = several.read([tmp_path / "a.fits"], {"VIS": ["V"], "Y": ["NIR"]}).flux[0, 1]
    # The area of a pixel is 9 times smaller: the flux stays.
    assert flux[40:61, 40:61].sum() == pytest.approx(900.0, rel=0.05)
    assert flux.max() < 200


EUCLID_LIKE = {
    "hdus": ["VIS_FLUX"], "rms_hdus": ["VIS_RMS"], "flag_hdus": ["VIS_FLAG"], "flag_bits": 4,
    "zero_point": 24.0,
}  # fmt: skip


def write_layers(path, seed):
    """Write an image behind another one, with a noise map of 3 and a flagged square."""
    image = np.random.default_rng(seed).normal(0, 1, (101, 101)).astype("f4")
    flags = np.zeros((101, 101), "i2")
    flags[60:70, 60:70], flags[20:30, 20:30] = 4, 2
    image[60:70, 60:70] = 500.0
    hdus = [fits.PrimaryHDU(noise(n=1)[0]), fits.ImageHDU(image, name="VIS_FLUX")]
    hdus.append(fits.ImageHDU(np.full((101, 101), 3.0, "f4"), name="VIS_RMS"))
    fits.HDUList([*hdus, fits.ImageHDU(flags, name="VIS_FLAG")]).writeto(path)
    return image


@pytest.mark.parametrize("named", [None, "survey"])
def test_files_are_read_as_those_of_a_dataset_with_their_maps(monkeypatch, tmp_path, named):
    """Of the one it was trained on, or of another that is named."""
    stamps = {"kind": "fits", **EUCLID_LIKE}
    trained_on, other = ({"kind": "challenge1"}, stamps) if named else (stamps, None)
    finder = without_models(monkeypatch, other=other, **trained_on)
    image = write_layers(tmp_path / "a.fits", 1)
    read = finder.read([tmp_path / "a.fits"], dataset=named)
    unit = np.float32(10 ** (-0.4 * 24.0))
    batch = read_batch([tmp_path / "a.fits"], ["a"], *KINDS["fits"].settings(stamps), 1)
    np.testing.assert_array_equal(read.flux, batch.flux)
    np.testing.assert_allclose(read.flux[0, :60], image[:60] * unit, rtol=1e-6)
    assert np.abs(read.flux).max() < 10 * unit
    np.testing.assert_allclose(read.sky_sigma, 3.0 * unit, rtol=1e-6)
    of_count = finder.read([tmp_path / "a.fits"], ["vis_flux"], 0.0, named)
    np.testing.assert_allclose(of_count.sky_sigma, 3.0, rtol=1e-6)
    with pytest.raises(ConfigError, match="dataset: received 'other'; expected one of the exp"):
        finder.read([tmp_path / "a.fits"], dataset="other")


def test_bands_in_files_of_their_own_are_given_by_band(monkeypatch, tmp_path):
    bands = {band: {"pattern": f"*_{band}.fits"} for band in ("VIS", "Y")}
    several = without_models(monkeypatch, bands=bands)
    images = np.stack([noise(), 3 * noise()[::-1]], axis=1).astype(np.float32)
    paths = {band: [tmp_path / f"{n}_{band}.fits" for n in range(3)] for band in bands}
    for k, band in enumerate(bands):
        for path, image in zip(paths[band], images[:, k], strict=True):
            fits.PrimaryHDU(image).writeto(path)
    read = several.read(paths)
    assert read.ids == ["0_VIS", "1_VIS", "2_VIS"]
    np.testing.assert_array_equal(read.flux, images)
    with pytest.raises(ConfigError, match=r"paths: received .* a mapping from each of its bands"):
        several.read(paths["VIS"])
    with pytest.raises(ConfigError, match=r"received \[3, 2\] of the bands \['VIS', 'Y'\]"):
        several.read({**paths, "Y": paths["Y"][:2]})
    with pytest.raises(ConfigError, match="VIS and Y would be read from the same files"):
        several.read({"VIS": paths["Y"], "Y": paths["Y"]})
    once = [*paths["Y"][:2], paths["VIS"][2]]
    with pytest.raises(ConfigError, match=r"the same files and HDUs \(.*2_VIS.fits, None\)"):
        several.read({**paths, "Y": once})


def test_files_of_one_name_are_refused_and_suffixes_are_no_part_of_it(finder, tmp_path):
    names = ["a.fits_1.fits", "a.fits_2.FIT", "sub/a.fits_1.fits"]
    (tmp_path / "sub").mkdir()
    for name, image in zip(names, noise(), strict=True):
        fits.PrimaryHDU(image).writeto(tmp_path / name)
    paths = [tmp_path / name for name in names]
    assert finder.read(paths[:2]).ids == ["a.fits_1", "a.fits_2"]
    for twice in (paths, paths[:1] * 2):
        with pytest.raises(CutoutError, match=r"would both have the id 'a\.fits_1'"):
            finder.read(twice)


@pytest.mark.parametrize("state", ["raw", "denoised"])
def test_images_that_came_denoised_are_not_denoised_again(monkeypatch, tmp_path, state):
    """As the workflow passes over the denoiser for datasets of that state."""
    finder = without_models(monkeypatch, other={"kind": "fits", "state": state})
    finder.experiment.preset = {"image_size": 101}
    finder.run = finder.run._replace(scale="linear")
    finder._encode, finder._denoise = (lambda images: images), np.zeros_like
    image = np.abs(noise(n=1)[0])
    fits.PrimaryHDU(image / image.max() * 0.4).writeto(tmp_path / "a.fits")
    features = finder.embed(finder.read([tmp_path / "a.fits"], dataset="survey"))
    assert features.any() == (state == "denoised")


def test_other_bands_of_the_challenge_lie_where_it_has_them(monkeypatch, tmp_path):
    several = without_models(monkeypatch, kind="challenge2", bands=["VIS", "H"])
    for band, side in (("VIS", 200), ("H", 66)):
        (tmp_path / f"EUC_{band}").mkdir()
        path = tmp_path / f"EUC_{band}/imageEUC_{band}-200001.fits"
        fits.PrimaryHDU(noise(n=1, side=side)[0].astype("f4")).writeto(path)
    read = several.read([tmp_path / "EUC_VIS/imageEUC_VIS-200001.fits"])
    assert read.flux.shape == (1, 2, 101, 101)
    assert not np.array_equal(read.flux[0, 0], read.flux[0, 1])


@pytest.mark.parametrize("kind", ["simulate", "challenge1"])
def test_a_number_stands_for_a_gap_in_the_challenges_own_files_alone(monkeypatch, tmp_path, kind):
    finder = without_models(monkeypatch, kind=kind)
    image = noise(n=1)[0].astype("f4")
    image[50, 50] = 100.0
    fits.PrimaryHDU(image).writeto(tmp_path / "a.fits")
    flux = finder.read([tmp_path / "a.fits"]).flux[0]
    assert (flux[50, 50] == 100.0) == (kind == "simulate")


@pytest.mark.parametrize(
    ("images", "ids", "words"),
    [
        (noise()[0], None, r"shape \(101, 101\), expected \(n, height, width\)"),
        (noise(n=0), None, "n > 0"),
        (np.where(np.arange(3)[:, None, None] == 1, np.nan, noise()), None, "number 1 first"),
        (np.zeros((2, 101, 101)), None, "no noise in their border, '0' first"),
        (noise(), ["a", "a", "b"], r"3 ids \(2 different\) for 3 images"),
        (noise(), ["a"], r"1 ids \(1 different\) for 3 images"),
    ],
)
def test_what_cannot_be_scored_is_refused(finder, images, ids, words):
    with pytest.raises(CutoutError, match=words):
        finder.take(images, ids)


@pytest.fixture
def clustered(monkeypatch, tmp_path):
    """A finder of an experiment whose judgement is spread over a further mixture, and scores."""
    train, further = tmp_path / "train.h5", [(tmp_path / "further.h5", tmp_path / "shares.h5")]
    write_classes(train)
    fit_classes([train], tmp_path)
    label_clusters_stage(tmp_path / "mixture.h5", [train], tmp_path / "known.csv", "known", 0)
    spread_mixture_stage(
        [train], tmp_path / "mixture.h5", *further[0], "scikit-learn", n_components=4, seed=1
    )
    labels, scores = {"known": tmp_path / "known.csv"}, tmp_path / "scores.csv"
    score_stage(tmp_path / "mixture.h5", train, labels, scores, further_paths=further)
    monkeypatch.setattr(Finder, "_load_encoder", lambda self: None)
    monkeypatch.setattr(Finder, "_load_denoiser", lambda self: None)
    monkeypatch.setattr(Finder, "embed", lambda self, cutouts: read_embeddings([train])[0])
    experiment = SimpleNamespace(
        name="some",
        model={"scale": "log", "n_features": 2},
        mixture_path=lambda run: "mixture.h5",
        further_paths=lambda run: {"mixture": ["further.h5"], "shares": ["shares.h5"]},
        cluster_labels_path=lambda run, judgement: f"{judgement}.csv",
        judgement=JUDGEMENTS["known"],
        settings={"prior": (0.5, 0.5)},
        beside=[],
        students=[],
        has_head=False,
    )
    return Finder(experiment, tmp_path), read_scores(scores)


def test_probabilities_are_those_of_the_workflow_over_further_mixtures_too(clustered, caplog):
    finder, scores = clustered
    table = finder.score(SimpleNamespace(ids=scores["id"].tolist()))
    assert not np.allclose(scores["p_lens_known"], scores["p_clusters_known"], rtol=1e-3)
    np.testing.assert_allclose(table["p_lens"], scores["p_lens_known"], rtol=1e-12)
    np.testing.assert_array_equal(table["cluster"], scores["cluster"])
    assert not caplog.records


def test_what_else_ranks_the_candidates_is_told(clustered, caplog):
    finder, scores = clustered
    finder.experiment.beside = [SimpleNamespace(name="other")]
    finder.experiment.has_head = True
    finder.score(SimpleNamespace(ids=scores["id"].tolist()))
    (told,) = caplog.messages
    assert "ranked by the clusters of other and graded images too" in told


def test_a_picture_is_of_its_object_however_the_table_was_sorted(finder, monkeypatch):
    finder.experiment.judgement, finder.experiment.shown_scale = JUDGEMENTS["known"], "log"
    drawn = []
    monkeypatch.setattr("lensflow.studies.finder.sheet", lambda *given: drawn.append(given))
    monkeypatch.setattr("lensflow.studies.finder.shown_images", lambda flux, *rest: flux)
    cutouts = finder.take(noise(n=4), ["a", "b", "c", "d"])
    table = pd.DataFrame({"id": ["d", "b", "a"], "p_lens": [0.2, 0.9, 0.5]})
    finder.picture(cutouts, table, n=2)
    ((best, images, *_),) = drawn
    assert best["id"].tolist() == ["b", "a"]
    np.testing.assert_array_equal(images, cutouts.flux[[1, 0]])
    with pytest.raises(CutoutError, match="an object 'e', which is none of the 4 cutouts"):
        finder.picture(cutouts, table.replace("b", "e"))


@pytest.mark.parametrize(
    ("kind", "arcsec"), [("simulate", np.nan), ("challenge1", 0.1), ("fits", 0.263)]
)
def test_a_bar_is_an_arcsecond_of_the_images_that_are_read(monkeypatch, tmp_path, kind, arcsec):
    """Not of those that were trained on: what is read beside simulated ones is from elsewhere."""
    finder = without_models(monkeypatch, kind=kind)
    finder.experiment.judgement, finder.experiment.shown_scale = JUDGEMENTS["known"], "log"
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150, "CRVAL2": 2})
    header.update({"CRPIX1": 51, "CRPIX2": 51, "CDELT1": -0.263 / 3600})
    header["CDELT2"] = 0.263 / 3600
    fits.PrimaryHDU(noise(n=1)[0].astype("f4"), header).writeto(tmp_path / "a.fits")
    scales = []
    draw = "lensflow.studies.finder.sheet"
    monkeypatch.setattr(draw, lambda best, images, pixels, title: scales.append(pixels))
    cutouts = finder.read([tmp_path / "a.fits"])
    finder.picture(cutouts, pd.DataFrame({"id": ["a"], "p_lens": [0.5]}))
    np.testing.assert_allclose(scales[0], [arcsec], rtol=1e-6)
    taken = finder.take(noise(n=1), ["a"])
    finder.picture(taken, pd.DataFrame({"id": ["a"], "p_lens": [0.5]}))
    assert np.isnan(scales[1]).all()


def test_no_usable_file_is_an_error_that_names_them(finder, tmp_path):
    with pytest.raises(CutoutError, match=r"none of 1 files.*gone"):
        finder.read([tmp_path / "gone.fits"])
    with pytest.raises(CutoutError, match="no file was given"):
        finder.read([])


def test_one_path_is_no_list_of_paths(finder):
    with pytest.raises(ConfigError, match=r"received the one path 'a.fits'; expected a list"):
        finder.read("a.fits")


@pytest.mark.parametrize("run", [2, -1, "0"])
def test_a_run_that_there_is_not_is_refused(monkeypatch, run):
    experiment = SimpleNamespace(name="some", headline_runs=["first", "second"])
    monkeypatch.setattr("lensflow.studies.finder.read_experiment", lambda folder: (experiment, ""))
    with pytest.raises(ConfigError, match=r"expected one of the 2 of some, which are counted"):
        Finder.open("results/some", run)


def test_a_folder_without_an_experiment_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="no experiment that was run"):
        Finder.open(tmp_path / "results/nothing")
