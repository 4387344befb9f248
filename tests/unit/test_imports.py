"""What a job loads before it begins: seconds for each of thousands of jobs of a survey."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
LARGE = ("tensorflow", "keras", "sklearn", "matplotlib", "astropy", "scipy.stats")
NEEDED = {
    "list_cutouts": (),
    "ingest_cutouts": (),
    "build_index": (),
    "simulate_cutouts": (),
    "merge_catalogues": (),
    "split_dataset": (),
    "prepare_stack": (),
    "embed_stack": (),
    "embed_images": (),
    "label_clusters": (),
    "score_shard": (),
    "collect_sample": (),
    "evaluate_experiment": (),
    "rank_candidates": ("astropy",),
    "plot_roc": ("matplotlib",),
    "plot_cluster_sheet": ("matplotlib",),
}


@pytest.mark.parametrize("script", NEEDED)
def test_a_stage_loads_only_what_it_uses(script):
    tree = ast.parse((SCRIPTS / f"{script}.py").read_text())
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    code = "\n".join(
        [
            f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})",
            *map(ast.unparse, imports),
            f"print(*[name for name in {LARGE!r} if name in sys.modules])",
        ]
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert tuple(done.stdout.split()) == NEEDED[script]


@pytest.mark.slow
def test_keras_starts_without_what_it_only_draws_with():
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})\n"
        "from lensflow.networks.runtime import start_backend\n"
        "start_backend('tensorflow', 1)\n"
        "assert 'keras' in sys.modules\n"
        "assert not {'sklearn', 'matplotlib'} & set(sys.modules)\n"
        "import sklearn, matplotlib\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
