"""Files that are damaged, cut off or exchanged: every job gives what it gave, or refuses."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from lensflow import tables
from reliability.results import keep
from reliability.stages import contents, copy_of, run, stages

NETWORKS = ("train_", "denoise_", "embed_", "predict_")
# Folders and files of a run that stand for any other of their kind.
NAMES = re.compile(r"\d+|train|test|small_training|small_challenge|known|stand_in|denoised|stacks")


@pytest.fixture(scope="module")
def jobs_of(finished):
    """The jobs of the run, cheap ones first, each with the files that the workflow made for it."""
    found = sorted(
        stages(finished), key=lambda stage: (stage.script.startswith(NETWORKS), str(stage))
    )
    return [(stage, [path for path in stage.inputs if _is_ours(finished, path)]) for stage in found]


def _is_ours(folder, path):
    return str(path).endswith(".h5") or tables.record_path(Path(folder, path)).is_file()


@pytest.fixture
def copy(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(finished)
    return copy_of(finished, tmp_path / "copy")


def readers(jobs_of, folder, monkeypatch):
    """Each file that some job reads, with the cheapest job that does."""
    monkeypatch.chdir(folder)
    cheapest = {}
    for stage, paths in jobs_of:
        for path in paths:
            cheapest.setdefault(str(path), stage)
    return cheapest


def damage(path, generator, is_cut):
    data = bytearray(path.read_bytes())
    place = int(generator.integers(len(data)))
    if is_cut:
        path.write_bytes(data[:place])
    else:
        data[place] ^= 1 << int(generator.integers(8))
        path.write_bytes(data)
    return place


def ending(stage, folder, expected):
    """Run a job on a damaged file; return "right", "refused", or what is wrong."""
    outcome = run(stage, folder)
    if outcome.is_refusal:
        return "refused"
    if outcome.status == 0 and contents(folder, stage.outputs) == expected:
        return "right"
    return f"{outcome.status} {outcome.error[-600:]}"


def damaged(finished, copy, jobs_of, monkeypatch, n_cases, is_cut, with_networks):
    """Damage files one after the other; return how many jobs were right or refused, and others."""
    cheapest = readers(jobs_of, finished, monkeypatch)
    names = [p for p, s in cheapest.items() if with_networks or not s.script.startswith(NETWORKS)]
    by_kind = {}
    for name in names:
        by_kind.setdefault(NAMES.sub("#", name), []).append(name)
    generator, counts, wrong = np.random.default_rng(7 + is_cut), {"right": 0, "refused": 0}, []
    for case in range(n_cases):
        kind = sorted(by_kind)[case % len(by_kind)]
        name = by_kind[kind][int(generator.integers(len(by_kind[kind])))]
        stage = cheapest[name]
        place = damage(copy / name, generator, is_cut)
        found = ending(stage, copy, contents(finished, stage.outputs))
        if found in counts:
            counts[found] += 1
        else:
            wrong.append(f"{name} at {place}, read by {stage.script}: {found}")
        shutil.copy2(finished / name, copy / name)
    return counts, wrong


@pytest.mark.slow
@pytest.mark.parametrize("is_cut", [False, True])
def test_damaged_files(finished, copy, jobs_of, monkeypatch, is_cut):
    counts, wrong = damaged(finished, copy, jobs_of, monkeypatch, 30, is_cut, False)
    assert wrong == []
    assert counts["refused"] > 20


@pytest.mark.long
@pytest.mark.parametrize(("is_cut", "n_cases"), [(False, 500), (True, 100)])
def test_many_damaged_files(finished, copy, jobs_of, monkeypatch, is_cut, n_cases):
    counts, wrong = damaged(finished, copy, jobs_of, monkeypatch, n_cases, is_cut, True)
    keep("truncated files" if is_cut else "flipped bits", n_cases, len(wrong), counts)
    assert wrong == []


def exchanges(finished, jobs_of, with_networks):
    """Every input of every job with a neighbour of its kind and other content."""
    everything = {p for _, paths in jobs_of for p in map(str, paths)}
    for stage, paths in jobs_of:
        if with_networks or not stage.script.startswith(NETWORKS):
            for path in map(str, paths):
                kind, own = NAMES.sub("#", path), (finished / path).read_bytes()
                others = [p for p in everything if NAMES.sub("#", p) == kind and p != path]
                other = next(
                    (p for p in sorted(others) if (finished / p).read_bytes() != own), None
                )
                if other is not None:
                    yield stage, path, other


def exchange(finished, copy, path, other):
    """Put a neighbour in a file's place, with its record where it has one."""
    for place in (Path, tables.record_path):
        if place(finished / other).is_file():
            shutil.copy2(place(finished / other), place(copy / path))


def restore(finished, copy, path):
    for place in (Path, tables.record_path):
        if place(finished / path).is_file():
            shutil.copy2(place(finished / path), place(copy / path))


@pytest.mark.slow
def test_exchanged_inputs(finished, copy, jobs_of):
    """A job compares before it works, so that this is quick for networks too."""
    cases = list(exchanges(finished, jobs_of, True))
    wrong = []
    for stage, path, other in cases:
        exchange(finished, copy, path, other)
        outcome = run(stage, copy)
        if not outcome.is_refusal:
            wrong.append(f"{stage.script}: {other} as {path}: {outcome.error[-300:]}")
        restore(finished, copy, path)
    keep("exchanged inputs", len(cases), len(wrong))
    assert wrong == []
    scripts = {stage.script for stage, *_ in cases}
    assert {"embed_stack.py", "train_autoencoder.py", "score_shard.py", "draw_figure.py"} <= scripts
