"""Files that are damaged, cut off or exchanged: every job gives what it gave, or refuses."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from lensflow.files import provenance
from reliability.results import keep
from reliability.stages import contents, copy_of, run
from workflow.conftest import ROOT

# Folders and files of a run that stand for any other of their kind.
NAMES = re.compile(r"\d+|train|test|small_training|small_challenge|stamps|known|stand_in|counted")


def is_ours(folder, path):
    """Whether the workflow made a file, and so can tell whether it is right."""
    place = Path(folder, path)
    return place.is_file() and (place.suffix == ".h5" or provenance.record_path(place).is_file())


def read_files(whole):
    """Yield each job with each file that it reads and the workflow made."""
    for stage in whole.stages:
        for path in sorted({str(path) for path in stage.snakemake.input}):
            if is_ours(whole.folder, path):
                yield stage, path


@pytest.fixture
def copy(whole, tmp_path):
    return copy_of(whole.folder, tmp_path / "copy")


@pytest.fixture
def copy_of_every(every, tmp_path):
    return copy_of(every.folder, tmp_path / "copy")


def test_every_script_of_a_rule_is_among_the_jobs(planned_every):
    """But for what shows three experiments on simulated images to readers of the repository."""
    rules = [path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk")]
    scripts = {Path(name).name for text in rules for name in re.findall(r'"(\S+\.py)"\n', text)}
    assert len(scripts) > 50
    assert scripts - {stage.script for stage in planned_every.stages} == {"publish_results.py"}


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


def damaged(whole, copy, n_cases, is_cut):
    """Damage files one after the other; return how many jobs were right or refused, and others."""
    by_kind = {}
    for stage, path in read_files(whole):
        by_kind.setdefault((stage.script, NAMES.sub("#", path)), []).append((stage, path))
    generator, counts, wrong = np.random.default_rng(7 + is_cut), {"right": 0, "refused": 0}, []
    kinds = [by_kind[kind] for kind in sorted(by_kind)]
    for case in range(n_cases):
        chosen = kinds[case * 7 % len(kinds)]
        stage, path = chosen[int(generator.integers(len(chosen)))]
        place = damage(copy / path, generator, is_cut)
        found = ending(stage, copy, contents(whole.folder, stage.outputs))
        if found in counts:
            counts[found] += 1
        else:
            wrong.append(f"{path} at {place}, read by {stage.script}: {found}")
        shutil.copy2(whole.folder / path, copy / path)
    return counts, wrong


@pytest.mark.parametrize("is_cut", [False, True])
def test_damaged_files(whole, copy, is_cut):
    counts, wrong = damaged(whole, copy, 24, is_cut)
    assert wrong == []
    assert counts["refused"] > 12


@pytest.mark.long
@pytest.mark.parametrize(("is_cut", "n_cases"), [(False, 500), (True, 100)])
def test_many_damaged_files(every, copy_of_every, is_cut, n_cases):
    counts, wrong = damaged(every, copy_of_every, n_cases, is_cut)
    keep("truncated files" if is_cut else "flipped bits", n_cases, len(wrong), counts)
    assert wrong == []


def exchanges(whole):
    """Yield every input of every job with a neighbour of its kind and other content."""
    cases = list(read_files(whole))
    everything = sorted({path for _, path in cases})
    content = {path: (whole.folder / path).read_bytes() for path in everything}
    for stage, path in cases:
        kind = [p for p in everything if NAMES.sub("#", p) == NAMES.sub("#", path)]
        other = next((p for p in kind if content[p] != content[path]), None)
        if other is not None:
            yield stage, path, other


def exchange(finished, copy, path, other):
    """Put a neighbour in a file's place, with its record where it has one."""
    for place in (Path, provenance.record_path):
        if place(finished / other).is_file():
            shutil.copy2(place(finished / other), place(copy / path))


def restore(whole, copy, path):
    for place in (Path, provenance.record_path):
        if place(whole / path).is_file():
            shutil.copy2(place(whole / path), place(copy / path))


def exchanged(whole, copy):
    """Give every job every wrong input, one at a time; return the jobs, and what was not refused.

    A job compares before it works, so that this is quick.
    """
    cases, wrong = list(exchanges(whole)), []
    for stage, path, other in cases:
        exchange(whole.folder, copy, path, other)
        outcome = run(stage, copy)
        if not outcome.is_refusal:
            wrong.append(f"{stage.script}: {other} as {path}: {outcome.error[-300:]}")
        restore(whole.folder, copy, path)
    return [stage.script for stage, *_ in cases], wrong


def test_exchanged_inputs(whole, copy):
    scripts, wrong = exchanged(whole, copy)
    assert wrong == []
    expected = {"embed_stack.py", "fit_mixture.py", "score_shard.py", "draw_figure.py"}
    assert expected <= {*scripts}


@pytest.mark.long
def test_exchanged_inputs_of_every_stage(every, copy_of_every):
    scripts, wrong = exchanged(every, copy_of_every)
    keep("exchanged inputs", len(scripts), len(wrong), {"stages": len({*scripts})})
    assert wrong == []
    expected = {"train_student.py", "predict_images.py", "add_head.py", "measure_completeness.py"}
    assert expected <= {*scripts}
