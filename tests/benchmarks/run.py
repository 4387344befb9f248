"""Run the benchmarks, print one table and keep it in results/benchmarks.json.

    python tests/benchmarks/run.py [name ...] [--long] [--gpu] [--output FILE]

Each benchmark is a process of its own, so that neither threads nor memory pass from one to the
next. Rows of benchmarks that are not run this time stay in the file as they are; every row says on
which machine, with which versions and at which load it was taken.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "scripts"))

from lensflow.networks.runtime import cpu_instructions  # noqa: E402

ALWAYS = ("ingestion", "mosaic", "mixture", "simulation", "training", "embedding", "survey")
# What only a flag asks for: name -> flag, script.
BEHIND = {
    "epochs": ("long", "bench_epochs.py"),
    "verification": ("long", "bench_verification.py"),
    "training_gpu": ("gpu", "bench_gpu.py"),
}
COMPUTING = ("keras", "tensorflow", "jax", "jaxlib")
PACKAGES = ("numpy", "scipy", "scikit-learn", *COMPUTING, "astropy", "h5py")
INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
HEADINGS = ("benchmark", "unit", "ours", "peer", "ratio", "goal", "met")


def commands(names: list[str], long: bool, gpu: bool) -> dict[str, list[str]]:
    """Return script and flags of each benchmark that is to run.

    Parameters
    ----------
    names : list of str
        The benchmarks wanted; none means all that the flags allow.
    long, gpu : bool
        Whether slow ones, and those that need a GPU, may run.
    """
    flags = {"long": long, "gpu": gpu}
    chosen = {name: [f"bench_{name}.py", *(["--long"] if long else [])] for name in ALWAYS}
    for name, (flag, script) in BEHIND.items():
        if flags[flag] or name in names:
            chosen[name] = [script, f"--{flag}"]
    if unknown := [name for name in names if name not in chosen]:
        raise SystemExit(f"unknown benchmarks {unknown}; choose from {[*ALWAYS, *BEHIND]}")
    return {name: chosen[name] for name in names or chosen}


def measure(script: str, *flags: str) -> list[dict]:
    """Run one benchmark and return its rows; what it prints besides goes to the terminal."""
    paths = [str(ROOT / "scripts"), str(ROOT / "tests")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "KERAS_BACKEND": configured_backend(),
    }
    done = subprocess.run(
        [sys.executable, str(HERE / script), *flags],
        stdout=subprocess.PIPE,
        env=environment,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)


def chosen_backend(config: Mapping, environment: Mapping[str, str]) -> str:
    """Return what Keras computes with: KERAS_BACKEND before the configuration's ``backend``."""
    return environment.get("KERAS_BACKEND") or config.get("backend", "tensorflow")


def configured_backend() -> str:
    """Return the backend of this project's configuration, in this process's environment."""
    return chosen_backend(yaml.safe_load((ROOT / "config.yaml").read_text()), os.environ)


def circumstances() -> dict[str, str]:
    """Return what figures depend on: the machine, and the versions of the packages that are there.

    Of the processor also the widest instructions that the networks' arithmetic may use.
    """
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    processor = " ".join([_processor(), *_instructions()])
    machine = f"{processor}, {len(os.sched_getaffinity(0))} cores, {gigabytes:.0f} GB"
    versions = [f"{name} {version}" for name in PACKAGES if (version := _version(name))]
    return {
        "machine": ", ".join([machine, *_graphics_cards()]),
        "versions": ", ".join([f"Python {platform.python_version()}", *versions]),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _instructions() -> list[str]:
    """Return which instructions that speed networks up the processor has, and a limit to them."""
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA")
    found = cpu_instructions()
    return [
        *(name for name in INSTRUCTIONS if name in found),
        *([f"at most {limit}"] * bool(limit)),
    ]


def _graphics_cards() -> list[str]:
    if shutil.which("nvidia-smi") is None:
        return []
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    return subprocess.run(query, capture_output=True, text=True).stdout.strip().splitlines()


def merge(kept: list[dict], new: list[dict]) -> list[dict]:
    """Return the rows of both, where a benchmark that ran again replaces all of its old rows."""
    again = {entry["benchmark"] for entry in new}
    rows = [entry for entry in kept if entry["benchmark"] not in again] + new
    order = [*ALWAYS, *BEHIND]
    return sorted(rows, key=lambda entry: order.index(entry["benchmark"]))


def table(rows: list[dict]) -> str:
    """Return the rows as aligned text, a line each: names to the left, numbers to the right."""
    cells = [HEADINGS, *(_cells(entry) for entry in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def _cells(entry: dict) -> tuple[str, ...]:
    goal, met = entry["goal"], {True: "yes", False: "no", None: ""}[entry["met"]]
    sign = ">=" if entry["bound"] == "at least" else "<="
    numbers = [number(entry[key]) for key in ("ours", "peer", "ratio")]
    return (entry["name"], entry["unit"], *numbers, f"{sign} {goal:g}" if goal else "", met)


def number(value: float | None) -> str:
    """Write a number for a table: at most four digits that count, thousands apart."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def main() -> int:
    """Run what the command line asks for; return 1 when a benchmark failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join([*ALWAYS, *BEHIND])}")
    parser.add_argument("--long", action="store_true", help="also what takes many minutes")
    parser.add_argument("--gpu", action="store_true", help="also what needs a GPU")
    parser.add_argument("--output", type=Path, default=ROOT / "results/benchmarks.json")
    asked = parser.parse_args()
    common, failed = circumstances(), []
    rows = json.loads(asked.output.read_text()) if asked.output.exists() else []
    for name, command in commands(asked.names, asked.long, asked.gpu).items():
        start, load = time.monotonic(), os.getloadavg()[0]
        try:
            new = measure(*command)
        except subprocess.CalledProcessError as error:
            failed.append(f"{name} (exit status {error.returncode})")
            continue
        taken = {"benchmark": name, **common, "load_before": round(load, 2)}
        rows = merge(rows, [entry | taken for entry in new])
        asked.output.parent.mkdir(parents=True, exist_ok=True)
        asked.output.write_text(json.dumps(rows, indent=1) + "\n")
        print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    print(table(rows))
    print(f"\n{common['machine']}; {common['versions']}\n{asked.output}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
