import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist
from scipy.special import expit, logit

from lensflow.cluster import grading
from lensflow.cluster.grading import GradedSample, add_head_stage, fit_head_stage
from lensflow.cluster.head import Head
from lensflow.errors import ArtifactError, LabelError
from lensflow.samples.embeddings import write_embeddings
from lensflow.samples.rows import MEASURES
from lensflow.samples.scores import Chances, read_scores, scores_table, write_scores

N = 40


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(grading, "BLOCK", 7)


def sample(folder, dataset, seed):
    """Write embeddings and scores of 40 images of 20 objects in three shards."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, 2)).astype(np.float32)
    rows = pd.DataFrame(
        {
            "id": [f"{dataset}{i // 2:02d}" for i in range(N)],
            "rotation": np.arange(N) % 2,
            "is_lens": -1,
        }
    )
    p_lens = rng.uniform(0.3, 0.7, N)
    said = {"person": Chances(p_lens, p_lens - 0.1, p_lens + 0.1, log_odds=logit(p_lens))}
    scores = scores_table(rows, np.zeros(N, int), said, np.zeros(N))
    measured = rows.assign(**dict.fromkeys(MEASURES, np.nan))
    paths = [], []
    # The last shard has no image, as where all files of one cannot be used.
    for number, part in enumerate((slice(0, 15), slice(15, N), slice(N, N))):
        paths[0].append(folder / f"{dataset}_{number}.csv")
        paths[1].append(folder / f"{dataset}_{number}.h5")
        write_scores(paths[0][-1], [scores.iloc[part]])
        write_embeddings(paths[1][-1], measured.iloc[part], [x[part]], 2)
    return GradedSample(dataset, *paths)


@pytest.fixture
def samples(tmp_path):
    return [sample(tmp_path, "a", 0), sample(tmp_path, "b", 1)]


def grades(path, rows):
    path.write_text("id,dataset,grade,who\n" + "\n".join(rows) + "\n")
    return path


def test_graded_images_move_those_near_them_and_several_graders_count_as_their_mean(
    samples, tmp_path
):
    files = [
        grades(tmp_path / "one.csv", ["a03,a,A,me", "b11,,X,me", "b12,b,C,me"]),
        grades(tmp_path / "two.csv", ["a03,a,X,you"]),
    ]
    fit_head_stage(files, samples, ["person"], tmp_path / "head.h5", {})
    head = Head.load(tmp_path / "head.h5")
    assert head.points.shape == (3, 2)
    first = samples[1].score_paths[1], samples[1].embedding_paths[1]
    add_head_stage(*first, tmp_path / "head.h5", tmp_path / "out.csv")
    before, after = read_scores(first[0]), read_scores(tmp_path / "out.csv")
    x = np.random.default_rng(1).normal(size=(N, 2)).astype(np.float32)[15:]
    shift = head.logits(x)["person"]
    for column in ("p_lens_person", "p_low_person", "p_high_person"):
        np.testing.assert_allclose(after[column], expit(logit(before[column]) + shift), rtol=1e-9)
    np.testing.assert_allclose(after["log_odds_person"], before["log_odds_person"] + shift)
    np.testing.assert_array_equal(after["p_clusters_person"], before["p_lens_person"])
    graded = after["id"] == "b11"
    assert (after["p_lens_person"][graded] < before["p_lens_person"][graded]).any()
    # Of the object with two grades, A and X, the mean is one half: here the p is nearly that.
    labels = [0.5, 0.0, 0.5]
    p_lens = expit(logit([read_p(samples[0], "a03"), read_p(samples[1], "b11")]))
    assert head.weights["person"][0] * (labels[0] - p_lens[0]) > -1e-3
    assert head.weights["person"][1] < 0


def test_what_a_student_is_sure_of_keeps_its_order_beyond_the_limit_of_clusters(samples, tmp_path):
    """Logits of 7 to 9 are told apart though no cluster says more than 6.9."""
    scores, embeddings = samples[1].score_paths[1], samples[1].embedding_paths[1]
    table = read_scores(scores)
    sure = np.linspace(7.0, 9.0, len(table))
    table = table.assign(p_lens_person=expit(sure), log_odds_person=sure)
    write_scores(tmp_path / "sure.csv", [table])
    path = grades(tmp_path / "one.csv", ["a03,a,A,me"])
    fit_head_stage([path], samples, ["person"], tmp_path / "head.h5", {}, is_limited=False)
    one = tmp_path / "sure.csv", embeddings, tmp_path / "head.h5"
    add_head_stage(*one, tmp_path / "out.csv", is_limited=False)
    after = read_scores(tmp_path / "out.csv")
    np.testing.assert_allclose(after["p_lens_person"], expit(after["log_odds_person"]), rtol=1e-9)
    by_p = after["p_lens_person"].rank().to_numpy()
    np.testing.assert_array_equal(by_p, after["log_odds_person"].rank())


def read_p(sample, name):
    table = pd.concat([read_scores(path) for path in sample.score_paths])
    return table.set_index("id").loc[name, "p_lens_person"].iloc[0]


def test_the_same_grades_give_the_same_bytes(samples, tmp_path):
    path = grades(tmp_path / "one.csv", ["a03,a,A,me", "b11,,X,me"])
    for name in ("x.h5", "y.h5"):
        fit_head_stage([path], samples, ["person"], tmp_path / name, {})
    assert (tmp_path / "x.h5").read_bytes() == (tmp_path / "y.h5").read_bytes()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a03,,A,me", "q1,,X,me"], r"one.csv, line 3: the object 'q1' is in no sample .*\(1 of 2"),
        (["a03,b,A,me"], "one.csv, line 2: the object 'a03' is in no sample"),
        (["a03,c,A,me"], "one.csv, line 2: the dataset 'c' is none of this .*which has a, b;"),
        ([], "one.csv: there is no grade in it"),
    ],
)
def test_grades_that_fit_nothing_are_explained(samples, tmp_path, rows, message):
    path = grades(tmp_path / "one.csv", rows)
    with pytest.raises(LabelError, match=message):
        fit_head_stage([path], samples, ["person"], tmp_path / "head.h5", {})


def test_scores_of_other_rows_are_refused(samples, tmp_path):
    path = grades(tmp_path / "one.csv", ["a03,a,A,me"])
    fit_head_stage([path], samples, ["person"], tmp_path / "head.h5", {})
    scores, other = samples[0].score_paths[0], samples[0].embedding_paths[1]
    with pytest.raises(ArtifactError, match="do not hold the same images"):
        add_head_stage(scores, other, tmp_path / "head.h5", tmp_path / "out.csv")


def test_objects_that_were_hidden_on_the_page_are_left_out(samples, tmp_path):
    (tmp_path / "hidden.csv").write_text("id,is_lens\nb77,1\n")
    real = grades(tmp_path / "real.csv", ["b03,b,A,me", "b11,b,X,me"])
    both = grades(tmp_path / "both.csv", ["b03,b,A,me", "b77,b,A,me", "b77,,X,you", "b11,b,X,me"])
    answers = {"b": tmp_path / "hidden.csv"}
    fit_head_stage([real], samples, ["person"], tmp_path / "real.h5", {})
    fit_head_stage([both], samples, ["person"], tmp_path / "both.h5", answers)
    assert (tmp_path / "real.h5").read_bytes() == (tmp_path / "both.h5").read_bytes()
    with pytest.raises(LabelError, match="'b77' is in no sample"):
        fit_head_stage([both], samples, ["person"], tmp_path / "x.h5", {})
    # Hidden in one dataset, unknown in another.
    path = grades(tmp_path / "a.csv", ["b77,a,A,me"])
    with pytest.raises(LabelError, match=r"a.csv, line 2: the object 'b77' is in no sample"):
        fit_head_stage([path], samples, ["person"], tmp_path / "x.h5", answers)


def test_grades_of_hidden_objects_alone_are_called_so(samples, tmp_path):
    (tmp_path / "hidden.csv").write_text("id,is_lens\nb77,1\nb78,0\n")
    path = grades(tmp_path / "one.csv", ["b77,b,A,me", "b78,,X,me"])
    answers = {"b": tmp_path / "hidden.csv"}
    with pytest.raises(LabelError, match=r"one.csv: all grades are of hidden objects, which test"):
        fit_head_stage([path], samples, ["person"], tmp_path / "head.h5", answers)


def scale_of(x, tmp_path):
    """Return what `_scale` says of features in a file."""
    rows = pd.DataFrame({"id": np.arange(len(x)).astype(str), "rotation": 0, "is_lens": -1})
    measured = rows.assign(**dict.fromkeys(MEASURES, np.nan))
    write_embeddings(tmp_path / "embeddings.h5", measured, [x], x.shape[1])
    return grading._scale([tmp_path / "embeddings.h5"])


def test_a_constant_feature_has_no_spread_and_one_far_from_zero_its_own(tmp_path):
    x = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
    # Neither is a short binary fraction, so that squares of it add up with rounding.
    x[:, 1], x[:, 2] = 0.1, x[:, 2] * np.float32(0.001) + np.float32(1000)
    centre, spread, _ = scale_of(x, tmp_path)
    exact = x.astype(float)
    np.testing.assert_allclose(centre, exact.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(spread, [exact[:, 0].std(), 1.0, exact[:, 2].std()], rtol=1e-9)


@pytest.mark.parametrize("n", [100, 190, 400, 401])
def test_the_length_of_the_kernel_is_that_of_the_whole_sample(tmp_path, monkeypatch, n):
    monkeypatch.setattr(grading, "N_PAIRED", 100)
    x = np.arange(n, dtype=np.float32)[:, None]
    _, spread, median = scale_of(x, tmp_path)
    assert median * spread[0] == pytest.approx(np.median(pdist(x)), rel=0.05)
