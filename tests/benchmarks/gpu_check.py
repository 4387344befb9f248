"""All that is to be known of a GPU within minutes, without network: speed, training, a survey.

    python tests/benchmarks/gpu_check.py [--minutes 20] [--output results/published/gpu.json]
    python tests/benchmarks/gpu_check.py --scale 0.002 --minutes 5    # dry, also on a CPU

It measures the rate of large matrix products and the speed of training by layers, precision and
batch (bench_gpu.py), profiles a step layer by layer, simulates images on the machine's own cores,
trains the denoiser and three autoencoders of the `paper` preset on 25,600 of them for as many
passes as fit, judges their clusters, and embeds and scores 100,000 (gpu_paper.py). Beside the
output lie the loss curves, the profile and what the clusters are worth, as tables. Each part is a
process of its own, and what it has found is kept when it fails or is killed.

It needs Python, Keras with its backend, NumPy, SciPy, h5py, scikit-learn, astropy and pandas, and
nothing else (envs/gpu-jax.in). The backend is KERAS_BACKEND, else the `backend` of config.yaml.
"""

import argparse
import contextlib
import dataclasses
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests"), str(ROOT / "tests/benchmarks")]

from bench_gpu import Sizes, reason  # noqa: E402
from gpu_paper import trained_preset  # noqa: E402
from gpu_parts import DEVICE, PARTS, look  # noqa: E402
from gpu_told import Check  # noqa: E402
from run import circumstances, configured_backend, table  # noqa: E402

from network_presets import paper  # noqa: E402

PUBLISHED = ROOT / "results/published"
DRY = ROOT / "results/benchmarks_dry"
LOOK_EVERY_S = 0.5
START_S = 300
"""In which the backend must start; the time of the parts counts from then."""
LATE = 0.1
"""Of the whole time: a part that is so much late is stopped."""
TABLES = ("loss", "layers", "judged")
NO_GPU = (
    "{backend} computes on {name}, a GPU was expected. Install its CUDA packages "
    "(workflow/docs/gpu.md) and see that nvidia-smi lists the card, or "
    "try everything on the CPU: --scale 0.002 --minutes 5."
)


class Report:
    """What was found so far, in a file that is complete after every row.

    Parameters
    ----------
    path : Path
    common : dict
        What holds for all rows.
    """

    def __init__(self, path: Path, common: dict):
        self.path = path
        self.content = {**common, "parts": [], "rows": [], "failed": []}

    def add(self, part: str, lines: list[dict]) -> None:
        """Add what a part has found, and what of it has failed."""
        for line in lines:
            self.content["failed" if "failed" in line else "rows"].append({"part": part, **line})
        if lines:
            self.write()

    def close(self, part: str, seconds: float, outcome: str) -> None:
        """Say how a part ended."""
        entry = {"part": part, "seconds": round(seconds, 1), "outcome": outcome}
        self.content["parts"].append(entry)
        self.write()

    def write(self) -> None:
        """Replace the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(self.content, indent=1) + "\n")
        partial.replace(self.path)


def run_part(name: str, check: Check, stops: float, add: Callable[[list[dict]], None]) -> str:
    """Run one part in a process of its own and hand on its rows as they come.

    Parameters
    ----------
    name : str
        A key of `gpu_parts.PARTS`.
    check : Check
    stops : float
        Time at which it is stopped.
    add : callable
        Takes rows.

    Returns
    -------
    str
        ``done``, or why it was not.
    """
    told, found, log = (check.path(f"{name}.{end}") for end in ("json", "rows", "log"))
    told.write_text(json.dumps(dataclasses.asdict(check)))
    found.touch()
    command = [sys.executable, __file__, "--part", name, str(told), str(found)]
    began, n_seen = time.time(), 0
    # What JAX has compiled once, for the first of several trainings say, it need not compile again.
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(check.path("compiled"))}
    own = {"env": environment, "start_new_session": True}
    with log.open("w") as output:
        # A session of its own, so that its own processes can be stopped with it.
        child = subprocess.Popen(command, stdout=output, stderr=output, **own)
        try:
            while child.poll() is None and time.time() < stops:
                n_seen = _hand_on(found, n_seen, add)
                time.sleep(LOOK_EVERY_S)
            stopped = child.poll() is None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    _hand_on(found, n_seen, add)
    if stopped:
        return f"stopped after {time.time() - began:.0f} s: its time was over"
    return "done" if child.returncode == 0 else f"failed: {_last_words(child.returncode, log)}"


def _last_words(status: int, log: Path) -> str:
    """Return why a process ended: the signal that killed it, or the last line that it wrote."""
    if status < 0:
        return signal.Signals(-status).name
    return (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1][:400]


def _hand_on(found: Path, n_seen: int, add: Callable[[list[dict]], None]) -> int:
    """Hand on the complete lines that were not seen before; return how many there are."""
    lines = found.read_text().split("\n")[:-1]
    add([json.loads(line) for line in lines[n_seen:]])
    return len(lines)


def part_process(name: str, told: Path, found: Path) -> None:
    """Be the process of a part: write a line for each row, at once."""
    logging.basicConfig(level=logging.INFO)
    known = json.loads(told.read_text())
    sizes = known["sizes"] | {"batches": tuple(known["sizes"]["batches"])}
    check = Check(**known | {"sizes": Sizes(**sizes)})
    with found.open("a") as file:
        try:
            for entry in (look if name == DEVICE else PARTS[name].run)(check):
                print(json.dumps(entry), file=file, flush=True)
        except Exception as error:
            logging.exception("%s", name)
            sys.exit(reason(error))


def output_of(asked: argparse.Namespace, device: dict) -> Path:
    """Return where the results go; what no GPU has measured is not published.

    Raises
    ------
    SystemExit
        When a whole run finds no GPU, or results of a dry run are to be published.
    """
    dry = asked.scale < 1 or not device["is_gpu"]
    if dry and asked.scale == 1:
        raise SystemExit(NO_GPU.format(backend=asked.backend, **device))
    path = (asked.output or (DRY if dry else PUBLISHED) / "gpu.json").resolve()
    if dry and path.is_relative_to(PUBLISHED):
        raise SystemExit(
            f"--output: received {path}, a path outside {PUBLISHED} was expected for a dry run: "
            "what is published there comes from whole runs on a GPU."
        )
    return path


def check_gpu(asked: argparse.Namespace, work: Path) -> Report:
    """Run all parts; return what they found.

    Raises
    ------
    SystemExit
        When the backend does not start, and as `output_of`.
    """
    whole = 60 * asked.minutes
    known = {"backend": asked.backend, "scale": asked.scale}
    common = {
        **known,
        "work": str(work),
        "preset": trained_preset(paper()),
        "sizes": Sizes().scaled(asked.scale),
    }

    device = _device(Check(**common, ends=time.time() + START_S))
    begins = time.time()
    about = {**circumstances(), "device": device["name"], "data": "simulated images"}
    report = Report(output_of(asked, device), {**about, **known, "minutes": asked.minutes})
    for name, part in PARTS.items():
        began = time.time()
        check = Check(**common, ends=begins + part.ends * whole)
        stops = begins + min(part.ends + LATE, 1.0) * whole
        outcome = run_part(name, check, stops, lambda lines, name=name: report.add(name, lines))
        report.close(name, time.time() - began, outcome)
        _copy_tables(work, report.path)
        print(f"{name}: {time.time() - began:.0f} s, {outcome}", file=sys.stderr)
    return report


def _device(check: Check) -> dict:
    """Return what the backend computes on."""
    outcome = run_part(DEVICE, check, check.ends, lambda lines: None)
    if outcome != "done":
        raise SystemExit(f"{check.backend} was expected to start, but {DEVICE} {outcome}")
    return check.kept(DEVICE)


def _copy_tables(work: Path, output: Path) -> None:
    for name in TABLES:
        if (work / f"{name}.csv").exists():
            shutil.copyfile(work / f"{name}.csv", output.with_name(f"{output.stem}_{name}.csv"))


def main() -> int:
    """Run what the command line asks for; return 1 when something failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20.0, help="after which all is over")
    parser.add_argument("--scale", type=float, default=1.0, help="less than 1: a dry run")
    parser.add_argument("--output", type=Path, help="the JSON file; tables lie beside it")
    parser.add_argument("--part", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part:
        name, *paths = asked.part
        part_process(name, *map(Path, paths))
        return 0
    for option, most in (("minutes", 600), ("scale", 1)):
        if not 0 < getattr(asked, option) <= most:
            parser.error(f"--{option}: received {getattr(asked, option)}, expected (0, {most}]")
    asked.backend = configured_backend()
    with tempfile.TemporaryDirectory(prefix="gpu_check_") as work:
        report = check_gpu(asked, Path(work))
    print(table(report.content["rows"]))
    print(f"\n{report.content['machine']}; {report.content['versions']}\n{report.path}")
    bad = [part for part in report.content["parts"] if part["outcome"].startswith("failed")]
    return int(bool(bad or report.content["failed"]))


if __name__ == "__main__":
    sys.exit(main())
