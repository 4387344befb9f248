"""What hands a training its batches: their order, and how many steps go together."""

import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest

from network_presets import blobs

keras = pytest.importorskip("keras")

from lensflow.networks import runtime  # noqa: E402
from lensflow.train import feeding  # noqa: E402

IMAGES, ROWS = blobs(7), np.array([5, 0, 3, 1, 6])


@pytest.fixture
def batches():
    return five_rows()


def five_rows():
    kept = {"images": IMAGES, "targets": np.arange(7.0)}
    return feeding.Batches(kept, ROWS, {"turns": np.arange(5)}, 2)


def test_batches_come_in_the_given_order(batches):
    assert len(batches) == 3
    assert_in_order([batches[i][0] for i in range(3)])


def assert_in_order(parts):
    np.testing.assert_array_equal(np.concatenate([part["images"] for part in parts]), IMAGES[ROWS])
    np.testing.assert_array_equal(np.concatenate([part["targets"] for part in parts]), ROWS)
    assert [part["turns"].tolist() for part in parts] == [[0, 1], [2, 3], [4]]


def of_tensorflow(batches):
    """Return a dataset of TensorFlow's, which looks for nothing while it is used."""
    pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras computes with JAX, which gets what Keras makes of it")
    # Else the end of every pass waits for a thread that sleeps, for seconds.
    assert batches.options().autotune.enabled is False
    return batches


def test_tensorflow_gets_batches_that_are_made_on_the_way(batches):
    made = of_tensorflow(feeding.one_by_one(batches)["x"])
    assert int(made.cardinality()) == 3
    assert_in_order(list(made.as_numpy_iterator()))


@pytest.mark.parametrize("n_taken", [1, 3])
def test_tensorflow_lets_go_of_a_pass_that_is_over(n_taken):
    """Also when it was left: each pass has its own order and draws, and there are hundreds."""
    one_pass = five_rows()
    made = of_tensorflow(feeding.one_by_one(one_pass)["x"])
    former = weakref.ref(one_pass)
    del one_pass
    assert len(list(made.take(n_taken))) == n_taken
    del made
    gc.collect()
    assert former() is None


def test_tensorflow_gets_arrays_in_their_order():
    arrays = {"images": IMAGES[ROWS], "targets": ROWS, "turns": np.arange(5)}
    (name, made), *others = feeding.in_order(arrays, 2).items()
    assert (name, others) == ("x", [])
    assert int(of_tensorflow(made).cardinality()) == 3
    assert_in_order(list(made.as_numpy_iterator()))


def test_jax_gets_what_keras_makes_of_it(monkeypatch, batches):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert feeding.one_by_one(batches) == {"x": batches}
    assert feeding.in_order({"rows": ROWS}, 2) == {"x": {"rows": ROWS}, "batch_size": 2}


@pytest.mark.parametrize(
    ("backend", "accelerator", "batch_size", "steps"),
    [
        ("tensorflow", False, 8, 16),
        ("tensorflow", False, 32, 4),
        ("tensorflow", False, 200, 1),
        ("jax", False, 8, 1),
        ("jax", True, 8, 20),
        ("tensorflow", True, 8, 20),
    ],
)
def test_steps_go_together_where_starting_them_takes_time(
    monkeypatch, backend, accelerator, batch_size, steps
):
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(runtime, "has_accelerator", lambda: accelerator)
    assert feeding.steps_together(760 * 8, batch_size) == steps


@pytest.mark.parametrize(("n_steps", "n"), [(760, 20), (190, 19), (64, 32), (761, 32), (4, 32)])
def test_joined_steps_leave_none_over_where_that_can_be(n_steps, n):
    assert feeding.n_joined(n_steps) == n


JOINED = """
import numpy as np
from lensflow.networks import runtime

runtime.start_backend("jax", 1)
from lensflow.train import feeding

def step(state, batch):
    state = 2 * state + batch["x"].sum()
    return {"loss": state}, state

sizes_and_values = ((2, 1), (2, 2), (2, 3), (1, 4), (2, 5))
batches = iter([{"x": np.full(n, value, "float32")} for n, value in sizes_and_values])
train = feeding.joined_steps(step, 4, None)
logs, state = train(np.float32(1), batches)
assert float(state) == float(logs["loss"]) == 2 * (2 * (2 * (2 * 1 + 2) + 4) + 6) + 4
logs, state = train(state, batches)
assert float(state) == 2 * 64 + 10
try:
    train(state, batches)
except StopIteration:
    print("the end of the pass")
"""


def test_joined_steps_are_the_steps_one_after_the_other():
    """Also when the last batch is smaller; the end of the pass is left to Keras."""
    pytest.importorskip("jax", reason="jax, the optional second backend, is not installed")
    # A process of its own: where JAX has threads, other tests could not fork.
    scripts = str(Path(__file__).parents[3] / "scripts")
    environment = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": scripts}
    done = subprocess.run(
        [sys.executable, "-c", JOINED], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "the end of the pass" in done.stdout


def test_what_tensorflow_joins_is_left_to_keras(monkeypatch):
    monkeypatch.setattr("keras.backend.backend", lambda: "tensorflow")
    assert feeding.joined_steps(None, 32, "made by Keras") == "made by Keras"
