"""The house stays small enough to find one's way: rooms, functions and pages have limits."""

import ast
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "scripts/lensflow"
# Packages whose face gives the names that everybody uses.
USED_WHOLE = ("artifacts", "experiment")


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
    """A face that imported its modules would put them all in the code hash of every stage."""
    for path in LIBRARY.rglob("__init__.py"):
        docstring, *nodes = ast.parse(path.read_text()).body
        assert isinstance(docstring.value.value, str), path
        allowed = ast.Assign if path.parent == LIBRARY else ()
        assert path.parent.name in USED_WHOLE or all(isinstance(n, allowed) for n in nodes), path


@pytest.mark.parametrize("package", USED_WHOLE)
def test_the_face_of_what_is_used_whole_lists_the_names_of_its_modules(package):
    _, *imports, names = ast.parse((LIBRARY / package / "__init__.py").read_text()).body
    assert {node.module.rpartition(".")[0] for node in imports} == {f"lensflow.{package}"}
    found = [alias.asname or alias.name for node in imports for alias in node.names]
    assert names.targets[0].id == "__all__"
    assert sorted(ast.literal_eval(names.value)) == sorted(found)


def test_what_all_rules_share_stays_small():
    shared = ROOT.glob("workflow/rules/common*.smk")
    assert sum(len(path.read_text().splitlines()) for path in shared) < 120


def test_a_stage_has_one_name_everywhere():
    """Rule file, package and folder of tests: ``common`` serves all, ``paper`` and others too."""
    rules = {path.stem for path in (ROOT / "workflow/rules").glob("*.smk")} - {"common"}
    assert rules
    assert [name for name in sorted(rules) if not (LIBRARY / name / "__init__.py").is_file()] == []
    assert [name for name in sorted(rules) if not (ROOT / "tests/unit" / name).is_dir()] == []
