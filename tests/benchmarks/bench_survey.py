"""How fast a survey is scored, from FITS files to a ranked list, and whether memory stays flat.

Run alone: ``python tests/benchmarks/bench_survey.py [--long]``. The rules' own scripts run as in
the workflow, each job a process of its own, one after the other: list, ingest (a job a shard),
index, embed (a job a shard: prepare, denoise, encode), score (a job a shard), collect, rank. The
survey grows from 1,000 to 10,000 cutouts (100,000 with ``--long``) in shards of 1,000. The networks
are those of the demo with random weights: what they say does not change what it costs.

This file imports nothing large: a process begins with the memory of the one that started it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
SHARD = 1000
THREADS = 2
N_FEATURES, N_COMPONENTS = 8, 24
SCALE = "log"
GROWTH = 1.1
# Most of a stage's CPU time that checksums may take, percent.
CHECKING = 5.0
CHECKS = ".checks"
DATASET = {"kind": "fits", "zero_point": 0.0, "id_pattern": r"imageEUC_VIS-(\d+)"}


def run(long: bool = False) -> list[dict]:
    """Return rows of `rows.row`."""
    from rows import row

    sizes = (1_000, 10_000, 100_000) if long else (1_000, 10_000)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        preset = json.loads(start("prepare_models", {"folder": folder})["printed"])
        costs = {size: survey(work, size, preset) for size in sizes}
    small, large = costs[sizes[0]], costs[sizes[-1]]
    rows = [
        row(f"survey of {size:,}: FITS to ranked list", "images/s", size / total(cost, "wall"))
        for size, cost in costs.items()
    ]
    beside = f"{sizes[-1]:,} beside {sizes[0]:,} images"
    per_image = [total(costs[size], "cpu") / size * 1e3 for size in (sizes[-1], sizes[0])]
    rows.append(row(f"survey, cost: {beside}", "CPU ms/image", *per_image, GROWTH, "at most"))
    for stage, spent in large.items():
        name = f"survey of {sizes[-1]:,}: {stage}"
        rows.append(row(name, "images/s", sizes[-1] / spent["wall"]))
    for stage, spent in large.items():
        share = 100 * spent["checks"] / spent["cpu"]
        name = f"survey, checksums in {stage}: share of its time"
        rows.append(row(name, "%", share, goal=CHECKING, bound="at most"))
    for stage, spent in large.items():
        name, peaks = f"survey, peak memory of {stage}: {beside}", (spent, small[stage])
        rows.append(row(name, "MB", *(p["megabytes"] for p in peaks), GROWTH, "at most"))
    return rows


def total(cost: dict, key: str) -> float:
    return sum(stage[key] for stage in cost.values())


def survey(work: Path, n_images: int, preset: dict) -> dict[str, dict]:
    """Score one survey; return wall and CPU seconds (sums) and peak memory of each stage."""
    results = work / f"results_{n_images}"
    files = {"folder": str(work / f"survey_{n_images}"), "n_images": n_images}
    start("write_files", files)
    cost: dict[str, dict] = {}
    for stage, job in jobs(work, results, files["folder"], n_images // SHARD, preset):
        log = results / "log.txt"
        used = start("run_job", {**job, "log": [str(log)]})
        spent = cost.setdefault(stage, {"wall": 0.0, "cpu": 0.0, "checks": 0.0, "megabytes": 0.0})
        spent["checks"] += float(log.with_suffix(CHECKS).read_text())
        spent["wall"] += used["wall"]
        spent["cpu"] += used["cpu"]
        spent["megabytes"] = max(spent["megabytes"], used["megabytes"])
    subprocess.run(["rm", "-r", files["folder"], str(results)], check=True)
    return cost


def jobs(work: Path, results: Path, files: str, n_shards: int, preset: dict):
    """Yield (stage, job) in the order of the workflow; a job is what its script gets."""
    dataset = {**DATASET, "shards": n_shards}
    common = {"dataset": dataset, "folder": files, "seed": 1}
    manifest, index = str(results / "manifest.h5"), str(results / "index.h5")
    listing = str(results / "quarantine_listing.csv")
    shards = range(n_shards)
    images, left_out, embeddings, scores = (
        [str(results / f"{kind}_{i}.{suffix}") for i in shards]
        for kind, suffix in (
            ("images", "h5"),
            ("out", "csv"),
            ("embedded", "h5"),
            ("scores", "csv"),
        )
    )
    merged = {"embeddings": str(results / "embedded.h5"), "scores": str(results / "scores.csv")}

    def job(script, inputs, outputs, params=common, **wildcards):
        wildcards = {"dataset": "survey", **wildcards}
        entries = {"input": inputs, "output": outputs, "params": params, "wildcards": wildcards}
        return {"script": script, **entries}

    yield "list", job("list_cutouts", {}, {"manifest": manifest, "quarantine": listing})
    for i in shards:
        outputs = {"images": images[i], "quarantine": left_out[i]}
        yield "ingest", job("ingest_cutouts", {"manifest": manifest}, outputs, shard=str(i))
    inputs = {"images": images, "quarantine": left_out, "listing": listing}
    outputs = {"index": index, "quarantine": str(results / "quarantine.csv")}
    yield "index", job("build_index", inputs, outputs)
    models = {name: str(work / name) for name in ("denoiser.weights.h5", "autoencoder.weights.h5")}
    denoiser, encoder = models.values()
    weights = {"denoiser": [denoiser], "encoder": encoder}
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    computing = {"backend": backend, "math_threads": THREADS}
    params = {"preset": preset, "encoder": "autoencoder", **computing}
    for i in shards:
        inputs, outputs = {"images": images[i], **weights}, {"embeddings": embeddings[i]}
        known = {"features": str(N_FEATURES), "scale": SCALE}
        yield "embed", job("embed_images", inputs, outputs, params, **known)
    judged = {"mixture": str(work / "mixture.h5"), "labels": [str(work / "labels.csv")]}
    judged |= {"further": [], "shares": []}
    known = {"judgements": ["known"], "prior": [0.5, 0.5]}
    for i in shards:
        inputs = {"embeddings": embeddings[i], **judged}
        yield "score", job("score_shard", inputs, {"scores": scores[i]}, known)
    inputs = {"embeddings": embeddings, "scores": scores}
    yield "collect", job("collect_sample", inputs, merged, {})
    inputs = {"scores": [merged["scores"]], "index": index, "manifest": manifest}
    inputs |= {name: [] for name in ("arcs", "grades", "answers", "known_lenses")}
    outputs = {"csv": str(results / "candidates.csv"), "fits": str(results / "candidates.fits")}
    params = {"judgement": "known", "n_candidates": 1000, "match_radius": None}
    yield "rank", job("rank_candidates", inputs, outputs, params)


def start(task: str, argument: dict) -> dict:
    """Run a task of this file in a process of its own; return its cost and what it printed."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{SCRIPTS}:{ROOT / 'tests'}",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    command = [sys.executable, __file__, task, json.dumps(argument)]
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=printed, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall, process.returncode = time.perf_counter() - begin, os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{task} of {argument} failed:\n{errors.read()}")
        printed.seek(0)
        text = printed.read()
    cpu = usage.ru_utime + usage.ru_stime
    return {"wall": wall, "cpu": cpu, "megabytes": usage.ru_maxrss / 1024, "printed": text}


def run_job(job: dict) -> None:
    """Run a script of the workflow with the object that Snakemake would give it."""
    from jobs import given, run_script

    if not job.get("verified", True):
        nothing_verified()
    seconds = watched_checks()
    parts = {name: job[name] for name in ("input", "output", "params", "wildcards")}
    run_script(f"{job['script']}.py", given(job["log"][0], **parts))
    Path(job["log"][0]).with_suffix(CHECKS).write_text(str(sum(seconds)))


def nothing_verified() -> None:
    """Have nothing compared that is read: what is left is the work itself."""
    from lensflow.artifacts import reading, verified
    from lensflow.files import provenance

    reading.check_content = lambda file: None
    verified._stored_checksums = lambda file, key, dataset: None
    provenance.verify = lambda path: ""


def watched_checks() -> list[float]:
    """Have the CPU seconds that checksums take noted; return the list that they are noted in."""
    from lensflow.artifacts import content
    from lensflow.artifacts.checksums import RunningChecksums
    from lensflow.files import provenance

    seconds, inside = [], []

    def watched(function):
        def call(*arguments):
            if inside:
                return function(*arguments)
            inside.append(function)
            begin = time.thread_time()
            try:
                return function(*arguments)
            finally:
                seconds.append(time.thread_time() - begin)
                inside.clear()

        return call

    running = RunningChecksums
    for owner, name in ((running, "add"), (running, "checksums"), (content, "content_hash")):
        setattr(owner, name, watched(getattr(owner, name)))
    provenance.file_hash = watched(provenance.file_hash)
    return seconds


def prepare_models(argument: dict) -> None:
    """Write random networks, a mixture of random numbers and its judgement; print the preset."""
    import numpy as np
    import yaml

    from lensflow.cluster import clusterers
    from lensflow.cluster import labels as cluster_labels
    from lensflow.networks.build import build_network
    from lensflow.workflow.config import complete

    folder = Path(argument["folder"])
    preset = complete(yaml.safe_load((ROOT / "config.yaml").read_text()))["presets"]["demo"]
    for name, n_features in (("denoiser", None), ("autoencoder", N_FEATURES)):
        model = build_network(name, preset, n_features, seed=1).model
        model.save_weights(folder / f"{name}.weights.h5")
    random = np.random.default_rng(1)
    points = random.normal(size=(2000, N_FEATURES))
    chosen = {"n_components": N_COMPONENTS, "seed": 1, "max_iter": 500}
    fitted = clusterers.fit("scikit-learn", points, **chosen)
    fitted.save(folder / "mixture.h5")
    shares, members = random.random(N_COMPONENTS), np.full(N_COMPONENTS, 100)
    seen = {"n_members": members, "n_inspected": members, "who": "nobody"}
    cluster_labels.write(folder / "labels.csv", shares, fitted.hash, **seen)
    print(json.dumps(preset))


def prepare_embeddings(argument: dict) -> None:
    """Write embeddings of random numbers in the place of some."""
    import numpy as np
    import pandas as pd

    from lensflow.samples.embeddings import write_embeddings
    from lensflow.samples.rows import MEASURES

    n_rows = argument["n_rows"]
    table = pd.DataFrame({"id": [f"{number:06d}" for number in range(n_rows)], "rotation": 0})
    table = table.assign(is_lens=-1, **dict.fromkeys(MEASURES, 1.0))
    features = np.random.default_rng(1).normal(size=(n_rows, N_FEATURES)).astype("f4")
    write_embeddings(Path(argument["path"]), table, [features], N_FEATURES)


def write_files(argument: dict) -> None:
    """Write cutouts with noise and a galaxy, a thousand files a folder, as a survey sends them."""
    import numpy as np

    from lensflow.simulate.constants import SIZE
    from lensflow.simulate.layout import cutout_name, fits_bytes

    random = np.random.default_rng(1)
    radius = np.hypot(*(np.indices((SIZE, SIZE)) - SIZE // 2))
    kinds = [
        fits_bytes(random.normal(size=(SIZE, SIZE)) + 50.0 * np.exp(-radius / width))
        for width in np.linspace(2.0, 12.0, 64)
    ]
    for number in range(argument["n_images"]):
        path = Path(argument["folder"], f"tile_{number // 1000}", cutout_name(100_000 + number))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(kinds[number % len(kinds)])


TASKS = {task.__name__: task for task in (run_job, prepare_models, prepare_embeddings, write_files)}

if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in TASKS:
        TASKS[sys.argv[1]](json.loads(sys.argv[2]))
    else:
        print(json.dumps(run(long="--long" in sys.argv), indent=1))
