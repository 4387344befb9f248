"""What a job loads before it begins, and which module may import which.

The first costs seconds for each of thousands of jobs of a survey; the second keeps the stages apart.
"""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
LIBRARY = SCRIPTS / "lensflow"
LARGE = ("tensorflow", "keras", "sklearn", "matplotlib", "astropy", "scipy.stats")
ADAPTERS = sorted(path.stem for path in SCRIPTS.glob("*.py"))
# What the adapters load at once; the others load none of the large libraries.
NEEDED = {
    "rank_candidates": ("astropy",),
}
LIGHT = {name for name in ADAPTERS if name not in NEEDED}


def top_level_imports(path):
    body = ast.parse(path.read_text()).body
    return [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_loads_only_what_it_uses(adapter):
    code = "\n".join(
        [
            f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})",
            *map(ast.unparse, top_level_imports(SCRIPTS / f"{adapter}.py")),
            f"print(*[name for name in {LARGE!r} if name in sys.modules])",
        ]
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    print(adapter, done.stdout.split())
