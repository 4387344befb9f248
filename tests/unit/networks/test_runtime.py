"""What is read off the machine: devices, and the precision that is fast on them."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from lensflow.networks import runtime
from network_presets import tiny

keras = pytest.importorskip("keras")

from lensflow.networks.build import build_network  # noqa: E402

NO_LIMITS = ("ONEDNN_MAX_CPU_ISA", "TF_ENABLE_ONEDNN_OPTS")


@pytest.fixture
def machine(monkeypatch):
    """Return a function that makes this process believe that it runs on another machine."""
    for name in NO_LIMITS:
        monkeypatch.delenv(name, raising=False)

    def become(backend, gpu=None, flags=()):
        monkeypatch.setattr(keras.backend, "backend", lambda: backend)
        monkeypatch.setattr(runtime, "has_accelerator", lambda: gpu is not None)
        monkeypatch.setattr(runtime, "cpu_instructions", lambda: frozenset(flags))
        device = SimpleNamespace(**{"platform": "gpu"} | (gpu or {}))
        monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(devices=lambda: [device]))
        monkeypatch.setattr(runtime, "_tensorflow_gpu", lambda: gpu)

    return become


@pytest.mark.parametrize(
    ("backend", "gpu", "precision"),
    [
        ("jax", {"compute_capability": "9.0"}, "bfloat16"),
        ("jax", {"compute_capability": "12.0"}, "bfloat16"),
        ("jax", {"compute_capability": "8.0"}, "bfloat16"),
        ("jax", {"compute_capability": "7.5"}, "float32"),
        ("jax", {"compute_capability": "gfx90a"}, "float32"),
        ("jax", {}, "float32"),
        ("jax", {"platform": "tpu"}, "bfloat16"),
        ("tensorflow", {"compute_capability": (8, 6)}, "bfloat16"),
        ("tensorflow", {"compute_capability": (7, 5)}, "float32"),
        ("tensorflow", {}, "float32"),
    ],
)
def test_a_gpu_that_multiplies_bfloat16_takes_it(machine, backend, gpu, precision):
    machine(backend, gpu)
    assert runtime.fast_precision() == precision


AMD, INTEL = ("avx2", "avx512f", "avx512_bf16"), ("avx512f", "avx512_bf16", "amx_bf16")


@pytest.mark.parametrize(
    ("backend", "flags", "limits", "precision"),
    [
        ("tensorflow", AMD, {}, "bfloat16"),
        ("tensorflow", ("avx2", "avx512f"), {}, "float32"),
        ("tensorflow", (), {}, "float32"),
        ("tensorflow", INTEL, {}, "bfloat16"),
        ("tensorflow", INTEL, {"ONEDNN_MAX_CPU_ISA": "avx512_core_amx"}, "bfloat16"),
        ("tensorflow", INTEL, {"ONEDNN_MAX_CPU_ISA": "avx512_core"}, "float32"),
        ("tensorflow", AMD, {"TF_ENABLE_ONEDNN_OPTS": "0"}, "float32"),
        ("tensorflow", AMD, {"ONEDNN_MAX_CPU_ISA": "AVX2"}, "float32"),
        ("jax", AMD, {}, "float32"),
    ],
)
def test_a_cpu_takes_bfloat16_where_it_has_instructions_for_it(
    machine, monkeypatch, backend, flags, limits, precision
):
    machine(backend, None, flags)
    for name, value in limits.items():
        monkeypatch.setenv(name, value)
    assert runtime.fast_precision() == precision


def test_the_instructions_of_this_machine_are_read():
    path = runtime.Path("/proc/cpuinfo")
    if not path.exists() or "flags" not in path.read_text():
        pytest.skip("no x86 CPU on Linux")
    assert "sse2" in runtime.cpu_instructions()


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_network_with_precision_auto_takes_the_fast_one(monkeypatch, precision):
    monkeypatch.setattr(runtime, "fast_precision", lambda: precision)
    built = build_network("autoencoder", tiny() | {"precision": "auto"}, 3)
    assert built.precision == precision
    assert built.model.get_layer("encoder_1").compute_dtype == precision
    assert build_network("denoiser", tiny()).precision == "float32"


def test_the_device_has_a_name(monkeypatch):
    assert runtime.device_name() == "CPU"
    monkeypatch.setattr(runtime, "has_accelerator", lambda: True)
    monkeypatch.setattr(runtime, "_tensorflow_gpu", lambda: {"device_name": "Card"})
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    assert runtime.device_name() == "Card"


@keras.saving.register_keras_serializable("tests")
class Cut(keras.layers.Layer):
    """What is cut off some maps, squared."""

    def call(self, maps):
        return keras.ops.square(runtime.cut(maps, slice(1, 6), slice(-3, None)))


def test_a_cut_is_a_slice_with_the_gradient_of_a_slice():
    maps = np.random.default_rng(0).normal(size=(3, 7, 5, 2)).astype("float32")
    kept = keras.layers.Conv2D(2, 1, use_bias=False)
    inputs = keras.Input((7, 5, 2))
    model = keras.Model(inputs, Cut()(kept(inputs)))
    kept.set_weights([np.eye(2, dtype="float32")[None, None]])
    np.testing.assert_array_equal(model.predict_on_batch(maps), maps[:, 1:6, 2:] ** 2)
    model.compile(keras.optimizers.SGD(1.0), lambda _, outputs: keras.ops.mean(outputs))
    model.train_on_batch(maps, maps)
    seen = maps[:, 1:6, 2:].reshape(-1, 2)
    gradient = 2 * seen.T @ seen / seen.size
    np.testing.assert_allclose(np.eye(2) - kept.get_weights()[0][0, 0], gradient, rtol=1e-5)
