"""The check of a GPU, on the CPU: every part with tiny networks, and what a broken one leaves."""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "tests/benchmarks"
# The benchmarks are started as programs: their modules have the names of the files.
sys.path.append(str(BENCHMARKS))

import bench_training  # noqa: E402
import gpu_check  # noqa: E402
from bench_gpu import Sizes, multiply_adds, training_operations  # noqa: E402
from gpu_parts import PARTS  # noqa: E402
from gpu_told import Check  # noqa: E402

from network_presets import tiny  # noqa: E402

needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None,
    reason="jax, the optional second backend, is not installed",
)


# --- what it needs --------------------------------------------------------------------------------

REFUSING = """
import sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused!r}:
            raise ModuleNotFoundError(f"{{name}} is no part of the environment", name=name)

sys.meta_path.insert(0, Refusing())
"""


def refused():
    """Return what is installed here and is not in the environment of the check."""
    lock = (ROOT / "envs/gpu-jax.lock").read_text()
    locked = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    found = importlib.metadata.packages_distributions()
    names = {
        module: {re.sub(r"[-_.]+", "-", name).lower() for name in distributions}
        for module, distributions in found.items()
    }
    return sorted(module for module, distributions in names.items() if not distributions & locked)


@pytest.fixture
def only_locked(tmp_path):
    """The environment of a process in which nothing can be imported but what is locked."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(REFUSING.format(refused=refused()))
    path = os.pathsep.join(map(str, (folder, ROOT / "scripts", ROOT / "tests", BENCHMARKS)))
    return os.environ | {"PYTHONPATH": path, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}


def test_tensorflow_and_snakemake_are_refused_here():
    assert {"tensorflow", "snakemake", "matplotlib", "jsonschema", "pytest"} <= set(refused())
    assert not {"keras", "jax", "numpy", "h5py", "scipy", "sklearn", "astropy"} & set(refused())


ALL_PARTS = """
import json, math, sys
import bench_gpu
from bench_gpu import Sizes
from gpu_paper import trained_preset
from gpu_parts import PARTS, look
from gpu_told import Check
from network_presets import tiny

if __name__ == "__main__":
    bench_gpu.PROFILED = bench_gpu.PROFILED[1:2]
    sizes = Sizes(matrix=64, batches=(2,), images=8, steps=2, seconds=0.0)
    check = Check("jax", 0.002, sys.argv[1], math.inf, trained_preset(tiny()), sizes)
    assert list(look(check)) == []
    rows = {name: list(part.run(check)) for name, part in PARTS.items()}
    json.dump(rows, sys.stdout)
"""


@needs_jax
@pytest.mark.slow
def test_every_part_runs_with_jax_and_nothing_that_is_not_locked(tmp_path, only_locked):
    program, work = tmp_path / "program.py", tmp_path / "work"
    work.mkdir()
    program.write_text(ALL_PARTS)
    command = [sys.executable, str(program), str(work)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=only_locked)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = json.loads(done.stdout)
    assert not [line for lines in rows.values() for line in lines if "failed" in line]
    assert {name: len(lines) for name, lines in rows.items()} == {
        "matrices": 2,  # precisions
        "speeds": 2 * 2 * 2 + 1,  # precisions, layers, speed and share; the best
        "profile": 1,
        "simulation": 1,
        "training": 3 + 1 + (1 + 3 * 2),  # denoiser, denoising, three autoencoders
        "judging": 3 * 2 * 2,  # representations, judgements, samples
        "survey": 2 + 2,  # batches, stages
    }
    assert all(line["ours"] > 0 for lines in rows.values() for line in lines)
    assert json.loads((work / "device.kept").read_text()) == {"name": "CPU", "is_gpu": False}
    curves = pd.read_csv(work / "loss.csv")
    names = ["autoencoder_0", "autoencoder_1", "autoencoder_2", "denoiser"]
    assert curves.groupby("network")["epoch"].max().to_dict() == dict.fromkeys(names, 2)
    judged = pd.read_csv(work / "judged.csv").set_index(["features", "run", "labels", "sample"])
    assert len(judged) == (3 + 1 + 1) * 2 * 2
    assert judged.index.is_unique
    assert judged["auc"].between(0, 1).all()
    layers = pd.read_csv(work / "layers.csv")
    assert {"start of a step", "encoder_1", "embedding", "output", "whole step"} <= set(
        layers["layer"]
    )
    assert (layers["milliseconds"] > 0).all()


@needs_jax
@pytest.mark.slow
def test_the_command_dry_runs_on_the_cpu(tmp_path, only_locked):
    """How far it comes within its minute depends on the machine; what it leaves does not."""
    output = tmp_path / "gpu.json"
    command = [sys.executable, str(BENCHMARKS / "gpu_check.py"), "--output", str(output)]
    command += ["--scale", "0.0005", "--minutes", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=only_locked)
    found = json.loads(output.read_text())
    assert not found["failed"], found["failed"]
    assert [part["part"] for part in found["parts"]] == list(PARTS)
    outcomes = {part["outcome"].partition(" ")[0] for part in found["parts"]}
    assert outcomes <= {"done", "stopped", "failed:"}
    # What fails here lacks what an earlier part had no time for.
    assert all(
        "of an earlier part, which was not completed" in part["outcome"]
        for part in found["parts"]
        if part["outcome"].startswith("failed")
    ), found["parts"]
    assert (found["backend"], found["device"], found["scale"]) == ("jax", "CPU", 0.0005)
    assert done.returncode == ("failed:" in outcomes)


# --- a part that breaks ---------------------------------------------------------------------------

ROWS = [json.dumps({"name": name, "ours": 1.0}) for name in ("first", "second")]
FAKE = f"""#!/bin/bash
# Stands for Python: it is called with the script, --part, the name, what it is told, and the rows.
set -e
[ "$3" != device ] || printf '{{"name": "Card", "is_gpu": true}}' > "$(dirname "$4")/device.kept"
printf '%s\\n%s\\n{{"half' '{ROWS[0]}' '{ROWS[1]}' > "$5"
case "$3" in
  matrices) kill -9 $$ ;;
  speeds) echo 'ResourceExhausted: no memory' >&2; exit 1 ;;
  profile) sleep 600 ;;
esac
"""


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Have parts run by a script that leaves two rows and half a one before it breaks."""
    path = tmp_path / "python"
    path.write_text(FAKE)
    path.chmod(0o755)
    monkeypatch.setattr(gpu_check.sys, "executable", str(path))
    return Check("jax", 1.0, str(tmp_path), time.time(), tiny(), Sizes())


def run_fake(name, check, stops):
    rows = []
    return gpu_check.run_part(name, check, stops, rows.extend), [row["name"] for row in rows]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("matrices", "failed: SIGKILL"),
        ("speeds", "failed: ResourceExhausted: no memory"),
        ("simulation", "done"),
    ],
)
def test_a_part_that_breaks_leaves_the_rows_that_it_has(fake, name, outcome):
    assert run_fake(name, fake, time.time() + 600) == (outcome, ["first", "second"])


def test_a_part_that_hangs_is_stopped_with_all_that_it_started(fake, monkeypatch):
    began, now, seen = time.time(), [time.time()], []
    monkeypatch.setattr(gpu_check.time, "time", lambda: now[0])

    def add(rows):
        seen.extend(rows)
        if rows:  # then its time is over
            now[0] += 601

    outcome = gpu_check.run_part("profile", fake, began + 600, add)
    assert outcome.startswith("stopped after 601 s")
    assert [row["name"] for row in seen] == ["first", "second"]


def test_a_backend_that_does_not_start_ends_it_all(fake, tmp_path):
    (tmp_path / "python").write_text("#!/bin/bash\necho 'no driver' >&2; exit 1\n")
    asked = argparse.Namespace(backend="jax", scale=1.0, minutes=10.0, output=None)
    with pytest.raises(SystemExit, match=r"jax was expected to start, .*failed: no driver"):
        gpu_check.check_gpu(asked, tmp_path)


def test_the_report_has_the_rows_of_parts_that_broke(fake, tmp_path, monkeypatch):
    monkeypatch.delitem(gpu_check.PARTS, "profile")
    output = tmp_path / "out/gpu.json"
    asked = argparse.Namespace(backend="jax", scale=1.0, minutes=10.0, output=output)
    gpu_check.check_gpu(asked, tmp_path)
    found = json.loads(output.read_text())
    outcomes = {part["part"]: part["outcome"] for part in found["parts"]}
    assert outcomes["matrices"] == "failed: SIGKILL"
    assert outcomes["survey"] == "done"
    assert [row["part"] for row in found["rows"]] == [name for name in outcomes for _ in "12"]
    assert (found["device"], found["backend"], found["data"]) == ("Card", "jax", "simulated images")


def test_what_fails_is_kept_apart_from_numbers(tmp_path):
    report = gpu_check.Report(tmp_path / "gpu.json", {"backend": "jax"})
    report.add("speeds", [{"name": "large", "failed": "full"}, {"name": "small", "ours": 2.0}])
    report.close("speeds", 1.26, "done")
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert found["rows"] == [{"part": "speeds", "name": "small", "ours": 2.0}]
    assert found["failed"] == [{"part": "speeds", "name": "large", "failed": "full"}]
    assert found["parts"] == [{"part": "speeds", "seconds": 1.3, "outcome": "done"}]


# --- where results go -----------------------------------------------------------------------------

CPU, CARD = {"name": "CPU", "is_gpu": False}, {"name": "Card", "is_gpu": True}


def output_of(device, scale=1.0, output=None):
    asked = argparse.Namespace(backend="jax", scale=scale, output=output)
    return gpu_check.output_of(asked, device)


def test_only_a_whole_run_on_a_gpu_is_published(tmp_path):
    assert output_of(CARD) == ROOT / "results/published/gpu.json"
    assert output_of(CARD, 0.5) == output_of(CPU, 0.5) == ROOT / "results/benchmarks_dry/gpu.json"
    assert output_of(CPU, 0.01, tmp_path / "a.json") == tmp_path / "a.json"


def test_a_dry_run_is_not_published_by_any_name():
    for device in (CPU, CARD):
        with pytest.raises(SystemExit, match=r"a path outside .* was expected for a dry run"):
            output_of(device, 0.5, ROOT / "results/published/../published/other.json")


def test_a_whole_run_without_a_gpu_says_what_to_do():
    with pytest.raises(SystemExit, match=r"jax computes on CPU, a GPU was expected.*--scale 0.002"):
        output_of(CPU)


# --- operations -----------------------------------------------------------------------------------

keras = pytest.importorskip("keras")

from lensflow.networks.layers import Conv2D  # noqa: E402


def test_operations_of_plain_layers_are_counted():
    image = keras.Input((9, 9, 1))
    maps = keras.layers.Conv2D(2, 3, padding="same")(image)
    maps = keras.layers.Conv2D(4, 2, padding="valid")(maps)
    outputs = keras.layers.Dense(5)(keras.layers.Flatten()(maps))
    model = keras.Model(image, outputs)
    counts = [81 * 9 * 2, 64 * 4 * 2 * 4, 64 * 4 * 5]
    assert [n for layer in model.layers if (n := multiply_adds(layer))] == counts
    assert training_operations(model) == 2 * (3 * sum(counts) - counts[0])


def test_operations_of_an_upsampled_convolution_are_those_of_the_small_map():
    """3 x 3 of 8 x 8 doubled pixels: 2 x 2 taps at 3 x 3 places give the 6 x 6 outputs."""
    layer = Conv2D(5, 3, padding="valid", upsample=True)
    keras.Model(image := keras.Input((4, 4, 2)), layer(image))
    assert multiply_adds(layer) == 9 * 4 * 2 * 4 * 5


def test_sizes_of_a_dry_run_are_a_part_of_the_whole():
    assert Sizes().scaled(1.0) == Sizes()
    small = Sizes().scaled(0.01)
    assert (small.matrix, small.batches, small.images, small.steps) == (82, (1, 5), 41, 1)


# --- the same models on the CPU -------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_training_is_timed_with_both_kinds_of_layers():
    rows = bench_training.throughput(tiny(), rounds=1, backend="somewhere")
    named = [row["name"].rpartition(", ")[2] for row in rows]
    assert named[:2] == ["float32", "bfloat16"]
    assert re.fullmatch(r"auto \((float32|bfloat16)\) over float32", named[2])
    assert all(row["ours"] > 0 and row["peer"] > 0 for row in rows)
    assert bench_training.loss_curves(tiny(), 3, "somewhere")["met"]
