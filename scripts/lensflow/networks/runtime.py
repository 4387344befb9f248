"""Which backend Keras computes with: threads, determinism, devices, precision.

With `lensflow.train.feeding` the only module that tells the backends apart.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from lensflow.errors import ConfigError

Tensor = Any
"""An array of the backend in use."""

_BFLOAT16_CAPABILITY = (8, 0)
# Values of ONEDNN_MAX_CPU_ISA that leave bfloat16 to be emulated, which is slower than float32.
_WITHOUT_BFLOAT16 = {
    *("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2"),
    *("AVX512_CORE", "AVX512_CORE_VNNI"),
}
_JIT_COMPILE = {"auto": "auto", "on": True, "off": False}
# Loaded, where they are installed, for wrappers, galleries and converters that nothing here uses:
# a third of the time that a job needs to start.
_NOT_NEEDED = {"tensorflow": ("sklearn", "matplotlib", "jax"), "jax": ("sklearn", "matplotlib")}


def start_backend(
    backend: str = "tensorflow", threads: int | None = None, deterministic: bool = True
) -> None:
    """Choose Keras's backend; call it before anything imports Keras.

    Parameters
    ----------
    backend : {"tensorflow", "jax"}
        What Keras computes with.
    threads : int, optional
        Threads of one operation on the CPU. Rounding depends on it, so it is fixed by the
        configuration; all cores by default.
    deterministic : bool
        Have every operation give the same bits when it is repeated.

    Raises
    ------
    lensflow.errors.ConfigError
        When the backend is unknown or not installed, or Keras already runs with another.
    """
    if backend not in ("tensorflow", "jax"):
        raise ConfigError(f"backend: received {backend!r}, expected 'tensorflow' or 'jax'.")
    if "keras" in sys.modules and sys.modules["keras"].backend.backend() != backend:
        raise ConfigError(
            f"backend: received {backend!r}, but Keras was already imported with "
            f"{sys.modules['keras'].backend.backend()!r}. Call start_backend first, or set "
            f"the environment variable KERAS_BACKEND={backend}."
        )
    os.environ["KERAS_BACKEND"] = backend
    start = {"tensorflow": _start_tensorflow, "jax": _start_jax}[backend]
    try:
        with _without(_NOT_NEEDED[backend]):
            start(threads, deterministic)
            import keras  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"backend: received {backend!r}, which cannot be imported ({error}). Install it in "
            "the environment of the workflow, or choose the other backend."
        ) from error


def jit_compile(xla: str) -> str | bool:
    """Translate the configuration's ``xla`` (auto, on or off) to Keras's ``jit_compile``.

    Raises
    ------
    lensflow.errors.ConfigError
        On anything else.
    """
    if xla not in _JIT_COMPILE:
        raise ConfigError(f"xla: received {xla!r}, expected 'auto', 'on' or 'off'.")
    return _JIT_COMPILE[xla]


def cut(maps: Tensor, rows: slice, columns: slice) -> Tensor:
    """Return ``maps[:, rows, columns]`` in the form whose gradient is fastest.

    TensorFlow's gradient of a slice is slow where it has strides, and ``[]`` makes one that has.

    Parameters
    ----------
    maps : tensor of shape (n, rows, columns, channels)
    rows, columns : slice
        Without a step.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return maps[:, rows, columns]
    (top, bottom, _), (left, right, _) = (
        part.indices(side) for part, side in zip((rows, columns), maps.shape[1:3], strict=True)
    )
    shape = (-1, bottom - top, right - left, maps.shape[-1])
    return keras.ops.slice(maps, (0, top, left, 0), shape)


def has_accelerator() -> bool:
    """Say whether the backend in use computes on a GPU or TPU."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() != "cpu"
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def device_name() -> str:
    """Return what the backend in use calls the device that it computes on; ``CPU`` for that."""
    import keras

    if not has_accelerator():
        return "CPU"
    if keras.backend.backend() == "jax":
        import jax

        return jax.devices()[0].device_kind
    return _tensorflow_gpu().get("device_name", "GPU")


def fast_precision() -> str:
    """Return the precision in which networks train fastest here: ``bfloat16`` or ``float32``.

    It is read off the machine and not timed, so that machines of one type choose alike. A GPU that
    multiplies bfloat16 matrices takes it (NVIDIA's since compute capability 8.0, and TPUs). On a
    CPU JAX has no fast convolutions in it, and TensorFlow by the instructions AVX512_BF16 alone.
    """
    import keras

    if not has_accelerator():
        is_fast = keras.backend.backend() == "tensorflow" and _multiplies_bfloat16()
    elif keras.backend.backend() == "jax":
        is_fast = _is_fast_in_jax()
    else:
        is_fast = _tensorflow_gpu().get("compute_capability", (0, 0)) >= _BFLOAT16_CAPABILITY
    return "bfloat16" if is_fast else "float32"


def cpu_instructions() -> frozenset[str]:
    """Return the names that Linux has for what the CPU can do; none elsewhere."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    found = [line.partition(":")[2].split() for line in lines if line.startswith("flags")]
    return frozenset(found[0] if found else ())


def _multiplies_bfloat16() -> bool:
    """Say whether oneDNN, which TensorFlow computes with on a CPU, has instructions for it."""
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    is_limited = limit in _WITHOUT_BFLOAT16 or os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0"
    return "avx512_bf16" in cpu_instructions() and not is_limited


def _is_fast_in_jax() -> bool:
    import jax

    device = jax.devices()[0]
    if device.platform == "tpu":
        return True
    # Such as "9.0"; AMD's have names in its place, of which nothing was measured.
    major, _, minor = str(getattr(device, "compute_capability", "")).partition(".")
    return major.isdecimal() and (int(major), int(minor or 0)) >= _BFLOAT16_CAPABILITY


def _tensorflow_gpu() -> dict:
    """Return what TensorFlow knows of the first GPU."""
    import tensorflow as tf

    return tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])


@contextlib.contextmanager
def _without(packages: Sequence[str]) -> Iterator[None]:
    """Have packages that are not loaded yet look as if they were not installed."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def _start_tensorflow(threads: int | None, deterministic: bool) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    if threads is not None:
        _set_tensorflow_threads(tf, threads)
    if deterministic:
        tf.config.experimental.enable_op_determinism()


def _set_tensorflow_threads(tf: ModuleType, threads: int) -> None:
    """Set the threads of an operation; TensorFlow allows it only before its first operation."""
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        raise ConfigError(
            f"threads: received {threads}, but TensorFlow already runs with "
            f"{tf.config.threading.get_intra_op_parallelism_threads()}. "
            "Call start_backend once, before any other work."
        ) from error


def _start_jax(threads: int | None, deterministic: bool) -> None:
    # Read by XLA when JAX starts; its CPU client has no other setting for it.
    if threads is not None:
        os.environ["NPROC"] = str(threads)
    flags = os.environ.get("XLA_FLAGS", "")
    if deterministic and "xla_gpu_deterministic_ops" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    import jax  # noqa: F401
