"""The house stays small enough to find one's way: rooms, functions and pages have limits."""

import ast
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "scripts/lensflow"


def bodies():
    """Length in lines of every function of the library and the adapters, without its docstring."""
    lengths = {}
    for path in [*LIBRARY.rglob("*.py"), *(ROOT / "scripts").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
                lengths[f"{path.relative_to(ROOT)}:{node.name}"] = length
    return lengths


def test_functions_are_short():
    lengths = bodies()
    values = list(lengths.values())
    assert np.median(values) <= 7
    assert np.percentile(values, 90) <= 20
    assert [name for name, length in lengths.items() if length > 40] == []


def test_the_library_has_at_most_twenty_rooms():
    rooms = [
        path.name for path in LIBRARY.iterdir() if path.name not in ("__init__.py", "__pycache__")
    ]
    assert len(rooms) <= 20, sorted(rooms)


def test_package_faces_hold_a_docstring_and_nothing_else():
    for path in LIBRARY.rglob("__init__.py"):
        nodes = ast.parse(path.read_text()).body
        allowed = ast.Expr if path.parent != LIBRARY else ast.Expr | ast.Assign
        assert nodes, path
        assert all(isinstance(node, allowed) for node in nodes), path


def test_what_all_rules_share_stays_small():
    shared = ROOT.glob("workflow/rules/common*.smk")
    assert sum(len(path.read_text().splitlines()) for path in shared) < 120


def test_a_stage_has_one_name_everywhere():
    """Rule file, package and folder of tests: ``common`` serves all, ``paper`` and others too."""
    rules = {path.stem for path in (ROOT / "workflow/rules").glob("*.smk")} - {"common"}
    assert rules
    assert [name for name in sorted(rules) if not (LIBRARY / name / "__init__.py").is_file()] == []
    assert [name for name in sorted(rules) if not (ROOT / "tests/unit" / name).is_dir()] == []
