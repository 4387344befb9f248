"""The losses against a plain computation, with answers known beforehand; on both backends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lensflow.networks.losses import (
    constant_vicreg,
    soft_cross_entropy,
    vicreg,
)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

keras = pytest.importorskip("keras")


def plain_vicreg(one, other):
    """VICReg (Bardes, Ponce & LeCun 2022, equations 1 to 6) with the paper's weights, as read."""
    n, d = one.shape
    apart = sum(np.sum((one[i] - other[i]) ** 2) for i in range(n)) / (n * d)
    loss = 25 * apart
    for view in (one, other):
        covariance = np.cov(view, rowvar=False)
        spread = np.sqrt(np.diag(covariance) + 1e-4)
        loss += 25 / 2 * np.mean(np.maximum(0, 1 - spread))
        loss += sum(covariance[i, j] ** 2 for i in range(d) for j in range(d) if i != j) / d
    return loss


def outputs(seed=0, n=12, d=4):
    draw = np.random.default_rng(seed)
    one = draw.normal(size=(n, d)) @ draw.normal(size=(d, d)) / 3
    return one, one + 0.3 * draw.normal(size=(n, d))


def value(one, other):
    return float(vicreg({}, np.concatenate([one, other]).astype("float32")))


@pytest.mark.parametrize("seed", range(4))
def test_vicreg_is_that_of_the_paper(seed):
    one, other = outputs(seed)
    assert value(one, other) == pytest.approx(plain_vicreg(one, other), rel=1e-5)


def test_vicreg_of_known_outputs():
    spread = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert value(spread, spread) == pytest.approx(0, abs=1e-6)
    assert value(spread, spread + 1) == pytest.approx(25)
    same = np.ones((4, 3))
    assert value(same, same) == pytest.approx(constant_vicreg(same))
    assert constant_vicreg(same) == pytest.approx(25 * 0.99)
    together = spread[:, [0, 0]]
    assert value(together, together) == pytest.approx(2 * (4 / 3) ** 2, rel=1e-5)


def test_a_batch_of_one_object_has_a_loss():
    assert value(np.ones((1, 3)), np.ones((1, 3))) == pytest.approx(25 * 0.99)


def test_cross_entropy_of_soft_targets():
    logits = np.array([[0.0], [2.0], [-3.0]], "float32")
    targets = np.array([0.25, 0.9, 0.0], "float32")
    p = 1 / (1 + np.exp(-logits[:, 0].astype(float)))
    expected = -np.mean(targets * np.log(p) + (1 - targets) * np.log(1 - p))
    assert float(soft_cross_entropy({"targets": targets}, logits)) == pytest.approx(expected)


@pytest.mark.parametrize("logit", [-200.0, 200.0])
def test_cross_entropy_is_finite_for_a_sure_student(logit):
    batch = {"targets": np.array([float(logit < 0)], "float32")}
    loss = float(soft_cross_entropy(batch, np.array([[logit]], "float32")))
    assert loss == pytest.approx(200)


OTHER_BACKEND = """
import json, sys
import numpy as np
from network_presets import tiny_contrastive, tiny_ring_student, tiny_student
from lensflow.networks.build import build_network
from lensflow.networks.losses import soft_cross_entropy, vicreg
draw = np.random.default_rng(0)
found = []
kinds = (
    ("student", tiny_student(), None),
    ("contrastive", tiny_contrastive(), 3),
    ("ring_student", tiny_ring_student(), None),
)
for name, preset, n in kinds:
    model = build_network(name, preset, n, seed=7).model
    images = draw.random((6, *model.input_shape[1:])).astype("float32")
    found.append(np.asarray(model.predict_on_batch(images)))
losses = soft_cross_entropy({"targets": np.linspace(0, 1, 6, dtype="float32")}, found[0])
losses = [float(losses), float(vicreg({}, 10 * found[1]))]
json.dump([*losses, *np.concatenate([one.ravel() for one in found]).tolist()], sys.stdout)
"""


def test_backends_agree():
    pytest.importorskip("jax", reason="jax, the optional second backend, is not installed")
    tests = Path(__file__).parents[2]
    path = os.pathsep.join([str(tests), str(tests.parent / "scripts")])
    found = []
    for backend in ("tensorflow", "jax"):
        done = subprocess.run(
            [sys.executable, "-c", OTHER_BACKEND],
            env=os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": path},
            capture_output=True,
            check=True,
        )
        found.append(json.loads(done.stdout))
    np.testing.assert_allclose(found[0], found[1], rtol=2e-5, atol=2e-6)
