"""What a job loads before it begins, and which module may import which.

The first costs seconds for each of thousands of jobs of a survey; the second keeps the stages
apart: a stage uses what stands before it and calls no other stage.
"""

import ast
import graphlib
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
LIBRARY = SCRIPTS / "lensflow"
ADAPTERS = sorted(path.stem for path in SCRIPTS.glob("*.py"))
MODULES = sorted(path for path in LIBRARY.rglob("*.py") if path != LIBRARY / "__init__.py")

LARGE = ("tensorflow", "keras", "sklearn", "matplotlib", "astropy", "scipy.stats")
NOTHING = ()
# What each adapter loads of the large libraries before it begins.
LOADED = {
    "add_head": NOTHING,
    "add_student": NOTHING,
    "average_scores": NOTHING,
    "build_index": NOTHING,
    "check_datasets": NOTHING,
    "choose_looks": NOTHING,
    "collect_arcs": NOTHING,
    "collect_sample": NOTHING,
    "compare_paper": NOTHING,
    "count_clusters": NOTHING,
    "denoise_images": NOTHING,
    "denoise_stack": NOTHING,
    "draw_figure": NOTHING,
    "draw_hidden": NOTHING,
    "draw_rule_graph": NOTHING,
    "embed_appendix": NOTHING,
    "embed_images": NOTHING,
    "embed_stack": NOTHING,
    "evaluate_experiment": NOTHING,
    "evaluate_finder": NOTHING,
    "evaluate_graders": NOTHING,
    "export_candidates": ("astropy",),
    "fit_calibration": NOTHING,
    "fit_encoder": NOTHING,
    "fit_baseline": ("sklearn", "scipy.stats"),
    "fit_head": NOTHING,
    "fit_mixture": NOTHING,
    "ingest_cutouts": NOTHING,
    "inject_sources": NOTHING,
    "label_clusters": NOTHING,
    "list_cutouts": NOTHING,
    "match_known_lenses": ("astropy",),
    "measure_appendix": NOTHING,
    "measure_arcs": NOTHING,
    "measure_arcs_of_stack": NOTHING,
    "measure_completeness": ("astropy",),
    "merge_catalogues": NOTHING,
    "plan_survey": NOTHING,
    "predict_images": NOTHING,
    "predict_stack": NOTHING,
    "prepare_stack": NOTHING,
    "publish_results": NOTHING,
    "rank_candidates": ("astropy",),
    "rank_ratios": NOTHING,
    "save_config": NOTHING,
    "score_rankers": NOTHING,
    "score_shard": NOTHING,
    "simulate_cutouts": NOTHING,
    "split_dataset": NOTHING,
    "spread_mixture": NOTHING,
    "train_autoencoder": NOTHING,
    "train_contrastive": NOTHING,
    "train_denoiser": NOTHING,
    "train_student": NOTHING,
    "write_explorer": NOTHING,
    "write_grading_page": NOTHING,
    "write_judging_page": NOTHING,
    "write_report": NOTHING,
    "write_table1": NOTHING,
    "write_table2": NOTHING,
}

# A package or module imports itself and what stands before it.
GROUND = ("errors", "seeds", "files", "artifacts", "samples")
BEFORE_TRAINING = ("simulate", "ingest", "prepare", "networks")
AFTER_TRAINING = ("train", "embed", "cluster", "evaluate", "apply", "experiment")
SHOWN = ("figures", "paper", "report")
ORDER = (*GROUND, *BEFORE_TRAINING, *AFTER_TRAINING, *SHOWN, "workflow", "studies")
# Building blocks and what serves Snakemake: an adapter uses them, but they are no stages.
NO_STAGES = {*GROUND, "networks", "experiment", "workflow", "studies"}


# --- what is loaded -------------------------------------------------------------------------------


def test_every_adapter_is_listed():
    assert sorted(LOADED) == ADAPTERS


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_loads_only_what_it_uses(adapter):
    body = ast.parse((SCRIPTS / f"{adapter}.py").read_text()).body
    code = "\n".join(
        [
            f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})",
            *(ast.unparse(node) for node in body if isinstance(node, ast.Import | ast.ImportFrom)),
            f"print(*[name for name in {LARGE!r} if name in sys.modules])",
        ]
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert tuple(done.stdout.split()) == LOADED.get(adapter, NOTHING)


@pytest.mark.slow
def test_keras_starts_without_what_nothing_here_uses():
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})\n"
        "from lensflow.networks.runtime import start_backend\n"
        "start_backend('tensorflow', 1)\n"
        "assert 'keras' in sys.modules\n"
        "assert not {'sklearn', 'matplotlib', 'jax'} & set(sys.modules)\n"
        "import sklearn, matplotlib\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


# --- which module imports which -------------------------------------------------------------------


class Imports(ast.NodeVisitor):
    """The modules of the library that a file imports, anywhere in it or by a name in a string."""

    def __init__(self):
        self.found = set()

    def visit_Import(self, node):
        self.found |= {alias.name for alias in node.names}

    def visit_ImportFrom(self, node):
        self.found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}

    def visit_Constant(self, node):
        if isinstance(node.value, str) and re.fullmatch(r"lensflow(\.\w+)+(:\w+)?", node.value):
            self.found.add(node.value.partition(":")[0])


@cache
def imported(path):
    """Return the paths of the library's modules that a file imports."""
    visitor = Imports()
    visitor.visit(ast.parse(path.read_text()))
    parts = [name.split(".")[1:] for name in visitor.found if name.startswith("lensflow.")]
    candidates = {LIBRARY.joinpath(*part).with_suffix(".py") for part in parts}
    candidates |= {LIBRARY.joinpath(*part, "__init__.py") for part in parts}
    return {candidate for candidate in candidates if candidate.is_file()} - {path}


def name_of(path):
    return path.relative_to(LIBRARY).with_suffix("").as_posix()


def room_of(path):
    return name_of(path).partition("/")[0]


def pairs():
    return [(path, other) for path in MODULES for other in imported(path)]


def test_every_room_has_its_place_in_the_order():
    assert {room_of(path) for path in MODULES} == set(ORDER)


def test_the_imports_are_found():
    """The tests below say something only as long as imports are seen."""
    known = {(name_of(path), name_of(other)) for path, other in pairs()}
    assert ("embed/images", "networks/denoising") in known
    assert ("networks/denoising", "networks/inference") in known
    assert ("networks/weights", "artifacts/__init__") in known
    assert ("networks/build", "networks/layers") in known


def test_nothing_is_imported_that_stands_later():
    upward = {
        f"{name_of(path)} imports {name_of(other)}"
        for path, other in pairs()
        if ORDER.index(room_of(path)) < ORDER.index(room_of(other))
    }
    assert upward == set()


def test_the_library_never_imports_snakemake():
    names = {
        name.partition(".")[0]
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert names >= {"numpy", "lensflow"}
    assert not [name for name in names if name.startswith("snakemake")]


def test_no_modules_import_each_other_in_a_circle():
    graph = {path: imported(path) for path in MODULES}
    graphlib.TopologicalSorter(graph).prepare()


def test_no_stage_imports_what_the_job_of_another_stage_calls():
    stages = {
        path
        for adapter in ADAPTERS
        for path in imported(SCRIPTS / f"{adapter}.py")
        if room_of(path) not in NO_STAGES and path.name != "__init__.py"
    }
    crossing = {
        f"{name_of(path)} imports {name_of(other)}"
        for path, other in pairs()
        if other in stages and room_of(path) not in {room_of(other), *NO_STAGES}
    }
    assert crossing == set()
