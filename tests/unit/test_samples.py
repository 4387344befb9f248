"""What passes between stages: round trips, bytes, layout, and input that does not fit."""

import numpy as np
import pandas as pd
import pytest

from lensflow import artifacts
from lensflow.errors import ArtifactError, LabelError
from lensflow.samples.embeddings import (
    merge_embeddings,
    open_embeddings,
    read_embeddings,
    write_embeddings,
)
from lensflow.samples.images import open_images, read_index
from lensflow.samples.predictions import open_predictions, write_predictions
from lensflow.samples.scores import (
    iterate_scores,
    judgements_of,
    merge_scores,
    probability_column,
    ranks,
    read_scores,
    scores_table,
    write_scores,
)
from lensflow.samples.stacks import open_stack, write_stack

N, SIZE = 7, 5
ROWS = pd.DataFrame(
    {
        "id": [f"0{i}" for i in range(N)],
        "rotation": np.arange(N) % 4,
        "is_lens": np.arange(N) % 3 - 1,
    }
)
IMAGES = np.random.default_rng(0).random((N, SIZE, SIZE)).astype("f4")
KNOWN_MEASURES = pd.DataFrame(
    {"numb_pix_lensed_image": np.arange(N) - 1.0, "flux_lensed_image_in_sigma": np.r_[np.nan, 1:N]}
)
FEATURES = np.random.default_rng(1).normal(size=(N, 3)).astype("f4")


def blocks(values, length=3):
    return (values[start : start + length] for start in range(0, len(values), length))


def layout(file):
    """What h5ls shows: every dataset's type, shape and storage, with units and description."""
    found = {}

    def note(name, item):
        if hasattr(item, "dtype"):
            text = "str" if item.dtype == object else item.dtype.str
            stored = item.compression or "plain"
            found[name] = (text, item.shape, stored, item.attrs["units"], item.attrs["description"])

    file.visititems(note)
    return found


ROW_LAYOUT = {
    "id": ("str", (N,), "plain", "1", "identifier of the object"),
    "rotation": ("|i1", (N,), "gzip", "1", "quarter turns"),
    "is_lens": ("|i1", (N,), "gzip", "1", "1 lens, 0 non-lens, -1 unknown"),
}


# --- images and their index -----------------------------------------------------------------------


@pytest.fixture
def dataset(tmp_path):
    """An image shard and the index that lists it backwards; sources are kept too."""
    table = KNOWN_MEASURES.assign(is_lens=ROWS["is_lens"], ra=np.arange(N) / 8)
    with artifacts.create(tmp_path / "images.h5", "images", {"state": "raw"}) as writer:
        writer.dataset("flux", IMAGES, "AB maggies", compress=False)
        writer.dataset("source_flux", IMAGES / 2, "AB maggies", compress=False)
        writer.dataset("sky_sigma", np.arange(1, N + 1, dtype="f4"))
        writer.strings("id", ROWS["id"])
        artifacts.write_table(writer, "catalogue", table)
    with artifacts.create(tmp_path / "index.h5", "index") as writer:
        writer.strings("id", ROWS["id"][::-1])
        writer.dataset("shard", np.zeros(N, "i4"))
        writer.dataset("row", np.arange(N, dtype="i4")[::-1])
        writer.dataset("sky_sigma", np.arange(N, 0, -1, dtype="f4"))
        artifacts.write_table(writer, "catalogue", table[::-1])
    return tmp_path


def test_images_are_read_whole_in_blocks_and_one_by_one(dataset):
    with open_images(dataset / "images.h5") as images:
        assert len(images) == N
        assert not images.are_denoised
        np.testing.assert_array_equal(images.flux(), IMAGES)
        np.testing.assert_array_equal(images.flux(slice(2, 4)), IMAGES[2:4])
        np.testing.assert_array_equal(images.flux(3, "source_flux"), IMAGES[3] / 2)
        np.testing.assert_array_equal(images.sky_sigma(slice(1, 3)), [2, 3])
        rows = images.rows()
    assert rows["id"].tolist() == ROWS["id"].tolist()
    assert rows["rotation"].eq(0).all()
    assert rows["ra"].tolist() == [i / 8 for i in range(N)]


def test_images_that_came_denoised_say_so(tmp_path):
    with artifacts.create(tmp_path / "images.h5", "images", {"state": "denoised"}) as writer:
        writer.strings("id", [])
    with open_images(tmp_path / "images.h5") as images:
        assert images.are_denoised


def test_an_index_gives_the_columns_asked_for(dataset):
    path = dataset / "index.h5"
    assert list(read_index(path)) == ["id"]
    places = read_index(path, ["row"], ["is_lens"]).set_index("id")
    assert list(places) == ["row", "is_lens"]
    assert places.loc["05"].tolist() == [5, ROWS["is_lens"][5]]
    everything = read_index(path, catalogue=None)
    assert list(everything) == ["id", *KNOWN_MEASURES, "is_lens", "ra"]
    with pytest.raises(ArtifactError, match="no dataset /catalogue/redshift"):
        read_index(path, catalogue=["redshift"])


# --- stacks ---------------------------------------------------------------------------------------


def stack_at(path, images=IMAGES, length=3):
    write_stack(path, ROWS, blocks(images, length), SIZE, "log", "made up")
    return path


def test_a_stack_comes_back_as_it_was_written(tmp_path):
    with open_stack(stack_at(tmp_path / "stack.h5")) as stack:
        assert (len(stack), stack.size) == (N, SIZE)
        np.testing.assert_array_equal(stack.images(), IMAGES)
        np.testing.assert_array_equal(stack.images(np.array([1, 4])), IMAGES[[1, 4]])
        np.testing.assert_array_equal(np.concatenate(list(stack.blocks(2))), IMAGES)
        assert [len(block) for block in stack.blocks(4)] == [4, 3]
        pd.testing.assert_frame_equal(stack.rows(), ROWS, check_dtype=False)


def test_a_stacks_bytes_do_not_depend_on_the_blocks(tmp_path):
    one = stack_at(tmp_path / "a.h5", length=1).read_bytes()
    assert stack_at(tmp_path / "b.h5", length=N).read_bytes() == one


def test_the_layout_of_a_stack(tmp_path):
    with artifacts.open(stack_at(tmp_path / "stack.h5"), "stack") as file:
        image = ("<f4", (N, SIZE, SIZE), "plain", "1", "made up")
        assert layout(file) == {"image": image, **ROW_LAYOUT}
        assert file["image"].chunks is None
        assert file.attrs["scale"] == "log"


@pytest.mark.parametrize("n_images", [N - 1, N + 1])
def test_more_or_fewer_images_than_rows_are_refused_and_nothing_is_left(tmp_path, n_images):
    images = np.resize(IMAGES, (n_images, SIZE, SIZE))
    with pytest.raises(ArtifactError, match=f"{n_images} rows came for {N} expected"):
        stack_at(tmp_path / "stack.h5", images)
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = stack_at(tmp_path / "stack.h5")
    with pytest.raises(ArtifactError, match="lensflow-embeddings was expected"):
        read_embeddings([path])
    with (
        pytest.raises(ArtifactError, match="lensflow-images was expected"),
        open_images(path),
    ):
        pass


def test_a_damaged_stack_is_named(tmp_path):
    path = stack_at(tmp_path / "stack.h5")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ArtifactError, match=r"stack\.h5"), open_stack(path):
        pass


# --- embeddings -----------------------------------------------------------------------------------


def embeddings_at(path, rows=slice(None), features=FEATURES):
    table = ROWS.join(KNOWN_MEASURES)[rows]
    write_embeddings(path, table, blocks(features[rows], 2), features.shape[1])
    return path


def test_embeddings_come_back_as_they_were_written(tmp_path):
    path = embeddings_at(tmp_path / "embeddings.h5")
    with open_embeddings(path) as embeddings:
        assert len(embeddings) == N
        np.testing.assert_array_equal(embeddings.features[2:4], FEATURES[2:4])
        pd.testing.assert_frame_equal(embeddings.measures(), KNOWN_MEASURES)
        pd.testing.assert_frame_equal(
            embeddings.rows(slice(1, 3)), ROWS[1:3].reset_index(drop=True), check_dtype=False
        )
    features, rows = read_embeddings([path, path])
    np.testing.assert_array_equal(features, np.concatenate([FEATURES, FEATURES]))
    assert rows["id"].tolist() == 2 * ROWS["id"].tolist()
    assert rows.index.tolist() == list(range(2 * N))


def test_the_layout_of_embeddings(tmp_path):
    with artifacts.open(embeddings_at(tmp_path / "e.h5"), "embeddings") as file:
        pixels, flux = "lensed pixels above 1 sigma", "flux of those pixels"
        assert layout(file) == {
            "embedding": ("<f4", (N, 3), "gzip", "1", "units of the embedded layer"),
            **ROW_LAYOUT,
            "catalogue/numb_pix_lensed_image": ("<f8", (N,), "gzip", "pix", pixels),
            "catalogue/flux_lensed_image_in_sigma": ("<f8", (N,), "gzip", "sky sigma", flux),
        }
        assert file.attrs["n_features"] == 3


def test_embeddings_that_do_not_fit_their_rows_are_refused(tmp_path):
    rows = ROWS.join(KNOWN_MEASURES)
    with pytest.raises(ArtifactError, match="6 rows came for 7 expected"):
        write_embeddings(tmp_path / "e.h5", rows, [FEATURES[1:]], 3)
    assert not list(tmp_path.iterdir())


def test_shards_of_embeddings_are_joined_in_order(tmp_path):
    parts = [slice(0, 3), slice(3, 3), slice(3, N)]
    shards = [embeddings_at(tmp_path / f"{i}.h5", rows) for i, rows in enumerate(parts)]
    merge_embeddings(shards, tmp_path / "all.h5")
    whole = embeddings_at(tmp_path / "whole.h5")
    with (
        artifacts.open(tmp_path / "all.h5", "embeddings") as merged,
        artifacts.open(whole, "embeddings") as written,
    ):
        assert layout(merged) == layout(written)
        for key in layout(merged):
            np.testing.assert_array_equal(merged[key][:], written[key][:])


def test_shards_of_different_encoders_are_refused(tmp_path):
    shards = [
        embeddings_at(tmp_path / "a.h5"),
        embeddings_at(tmp_path / "b.h5", features=FEATURES[:, :2]),
    ]
    with pytest.raises(ArtifactError, match="different sizes"):
        merge_embeddings(shards, tmp_path / "all.h5")
    assert not (tmp_path / "all.h5").exists()


# --- predictions ----------------------------------------------------------------------------------

LOGITS = np.linspace(-3, 4, N).astype("f4")


def predictions_at(path, logits=LOGITS, length=3):
    write_predictions(path, ROWS, blocks(logits, length), "known")
    return path


def test_predictions_come_back_as_they_were_written(tmp_path):
    with open_predictions(predictions_at(tmp_path / "predictions.h5")) as predictions:
        assert (len(predictions), predictions.judgement) == (N, "known")
        np.testing.assert_array_equal(predictions.logits(), LOGITS)
        np.testing.assert_array_equal(predictions.logits(slice(2, 4)), LOGITS[2:4])
        pd.testing.assert_frame_equal(predictions.rows(), ROWS, check_dtype=False)
        assert predictions.rows(slice(1, 3))["id"].tolist() == ["01", "02"]


def test_the_layout_of_predictions(tmp_path):
    with artifacts.open(predictions_at(tmp_path / "p.h5"), "predictions") as file:
        logit = ("<f4", (N,), "gzip", "1", "log(p / (1 - p)) of a lens, natural")
        assert layout(file) == {"logit": logit, **ROW_LAYOUT}
    assert (
        predictions_at(tmp_path / "q.h5", length=1).read_bytes() == (tmp_path / "p.h5").read_bytes()
    )


@pytest.mark.parametrize("n_logits", [N - 1, N + 1])
def test_more_or_fewer_predictions_than_rows_are_refused(tmp_path, n_logits):
    with pytest.raises(ArtifactError, match=f"{n_logits} rows came for {N} expected"):
        predictions_at(tmp_path / "p.h5", np.resize(LOGITS, n_logits))
    assert not list(tmp_path.iterdir())


# --- scores ---------------------------------------------------------------------------------------


def scores(rows=slice(None)):
    chances = {"known": np.linspace(0, 1, N), "person": np.linspace(1, 0, N)}
    clusters, density = np.arange(N) % 2, np.linspace(-3, 3, N)
    return scores_table(ROWS, clusters, chances, density)[rows]


def test_the_order_of_a_list_has_no_ties():
    values = np.array([1.0, 1.0, 1.0, 1.0, 0.2])
    odds, density = np.array([5.0, 9, 5, 5, 50]), np.array([0.0, 3, -1, 0, -9])
    ids = ["d", "c", "b", "a", "e"]
    assert ranks(values, odds, density, ids).tolist() == [1, 4, 3, 2, 0]
    assert ranks(values, None, density, ids).tolist() == [2, 1, 4, 3, 0]
    rng = np.random.default_rng(0)
    values, density = rng.integers(3, size=500) / 2, rng.integers(4, size=500)
    places = ranks(values, density % 2, density, rng.permutation(500).astype(str))
    assert sorted(places) == list(range(500))
    assert (np.diff(values[np.argsort(places)]) >= 0).all()


def test_scores_have_the_documented_columns_and_come_back(tmp_path):
    path = tmp_path / "new/scores.csv"
    write_scores(path, [scores(slice(0, 4)), scores(slice(4, N))])
    names = "id,rotation,is_lens,weight,cluster,p_lens_known,p_lens_person,log_density"
    assert path.read_text().partition("\n")[0] == names
    pd.testing.assert_frame_equal(read_scores(path), scores(), check_dtype=False)
    assert judgements_of(read_scores(path)) == ["known", "person"]
    some = iterate_scores(path, ["id", "p_lens_person"], 3)
    assert [block["id"].tolist() for block in some] == [
        ["00", "01", "02"],
        ["03", "04", "05"],
        ["06"],
    ]


def test_an_identifier_stays_text_whatever_it_looks_like(tmp_path):
    table = scores().assign(id=["007", "NA", "1e5", "nan", "", "0x1", "1.0"])
    write_scores(tmp_path / "scores.csv", [table])
    read = read_scores(tmp_path / "scores.csv", ["id"])
    assert read["id"].tolist() == table["id"].tolist()


def test_a_judgement_that_nobody_gave_is_named_with_the_remedy(tmp_path):
    write_scores(tmp_path / "scores.csv", [scores()])
    column = probability_column("stand_in")
    with pytest.raises(LabelError, match=r"no column 'p_lens_stand_in'.*\['known', 'person'\]"):
        read_scores(tmp_path / "scores.csv", ["id", column])
    with pytest.raises(LabelError, match="no column 'p_lens_stand_in'"):
        list(iterate_scores(tmp_path / "scores.csv", [column], 2))


def test_score_tables_are_joined_under_one_header(tmp_path):
    (tmp_path / "a.csv").write_text("id,p\n1,0.5\n")
    (tmp_path / "b.csv").write_text("id,p\n2,0.25\n")
    merge_scores([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_text() == "id,p\n1,0.5\n2,0.25\n"
    (tmp_path / "b.csv").write_text("id,q\n2,0.25\n")
    with pytest.raises(ArtifactError, match="has the columns 'id,q'"):
        merge_scores([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "all.csv")


# --- nothing that is not finite passes a stage ----------------------------------------------------


def scores_at(path, density):
    write_scores(path, [scores().assign(log_density=density)])
    return path


WRITERS = {
    "stack": (stack_at, IMAGES),
    "embeddings": (lambda path, values: embeddings_at(path, features=values), FEATURES),
    "predictions": (predictions_at, LOGITS),
    "scores": (scores_at, np.linspace(-3, 3, N)),
}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", WRITERS)
def test_a_row_that_is_not_finite_is_refused_with_its_object(tmp_path, kind, bad):
    write_at, good = WRITERS[kind]
    values = good.copy()
    values.reshape(N, -1)[4, -1] = bad
    with pytest.raises(ArtifactError, match=r"1 of \d rows have .* the first for object 04;"):
        write_at(tmp_path / "written", values)
    assert not list(tmp_path.iterdir())


def test_what_single_precision_cannot_hold_is_not_finite(tmp_path):
    with pytest.raises(ArtifactError, match=r"3 of 3 rows have .* the first for object 00;"):
        stack_at(tmp_path / "stack.h5", 1e39 * (1 + IMAGES.astype("f8")))
