import numpy as np
import pytest

from lensflow import artifacts
from lensflow.cluster import spread
from lensflow.cluster.spread import judged_shares, spread_mixture_stage
from lensflow.errors import ArtifactError
from unit.cluster.conftest import fit_classes, write_classes


def test_certain_members_give_their_shares():
    """Six images in the judged clusters 0 0 0 1 1 1, in the further ones a a b b b b."""
    judged = np.repeat(np.eye(2), 3, axis=0)
    further = np.eye(3)[[0, 0, 1, 1, 1, 1]]
    expected = [[1, 0], [0.25, 0.75], [0.5, 0.5]]
    np.testing.assert_allclose(judged_shares(further, judged), expected, rtol=1e-15)


def test_the_same_mixture_spreads_a_sharp_judgement_to_itself():
    judged = np.eye(4)[np.arange(20) % 4]
    np.testing.assert_allclose(judged_shares(judged, judged), np.eye(4), atol=1e-15)


def test_the_mean_probability_of_the_training_sample_stays():
    rng = np.random.default_rng(0)
    judged, further = rng.dirichlet(np.ones(5), 200), rng.dirichlet(np.ones(7), 200)
    p_clusters = rng.random(5)
    shares = judged_shares(further, judged)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    spread = further @ shares @ p_clusters
    np.testing.assert_allclose(spread.mean(), (judged @ p_clusters).mean())


def test_another_encoder_s_embeddings_are_refused_before_anything_is_fitted(tmp_path, monkeypatch):
    for name in ("one", "other"):
        (tmp_path / name).write_text(name)
        with artifacts.descending(encoder=tmp_path / name):
            write_classes(tmp_path / f"{name}.h5")
    fit_classes([tmp_path / "one.h5"], tmp_path)
    monkeypatch.setattr(spread, "fit_clusters", lambda *_, **__: pytest.fail("it was fitted"))
    paths = [tmp_path / name for name in ("mixture.h5", "further.h5", "shares.h5")]
    with pytest.raises(ArtifactError, match=r"do not belong together.*from the encoder"):
        spread_mixture_stage([tmp_path / "other.h5"], *paths, "scikit-learn", n_components=2)
