"""The mistakes that are put into modules: which, and that a test that sees one is told from one
that does not."""

import json
import subprocess
import sys

from mutation import run
from mutation.mutants import mutants

MODULE = '''
"""A module."""
LIMIT = 2


def part(values: list[int], most: int = LIMIT) -> list[int]:
    """Return some."""
    logger.info("%d", 3 + 4)
    if not values:
        raise ValueError(f"none of {1 + 1}")
    return values[1:] if len(values) + 1 < most else []
'''

NAMES = [
    "module: LIMIT = 2 -> LIMIT = 3",
    "part: if not values: -> if values:",
    "part: return values[1:] if len(values) + 1 < most else [] -> return None",
    *(
        f"part: values[1:] if len(values) + 1 < most else [] -> {after}"
        for after in (
            "values[1:] if len(values) + 1 <= most else []",
            "values[1:] if len(values) + 1 >= most else []",
            "values[1:] if len(values) - 1 < most else []",
            "values[1:] if len(values) + 2 < most else []",
            "values[:] if len(values) + 1 < most else []",
            "values[2:] if len(values) + 1 < most else []",
        )
    ),
]


def test_every_kind_of_mistake_is_made_once_and_what_is_only_said_stays():
    assert sorted(mutant.name for mutant in mutants(MODULE)) == sorted(NAMES)


def test_each_mutant_is_the_module_with_one_mistake():
    made = {mutant.name: mutant.source for mutant in mutants(MODULE)}
    found = {}
    exec(made[NAMES[0]], found)
    assert found["LIMIT"] == 3
    assert len({*made.values()}) == len(made)


PASSES = """
import sys
from pathlib import Path
from mutation import run

module, test = map(Path, sys.argv[1:3])
print([run.passes([test], module, f"X = {number}", cpu_s=60) for number in (1, 2)])
"""


def test_tests_are_run_on_the_changed_module(tmp_path):
    """In a process of its own, as they are: one that TensorFlow or JAX runs in cannot be forked."""
    module, test = tmp_path / "changed_module.py", tmp_path / "test_it.py"
    module.write_text("X = 0\n")
    test.write_text("import changed_module\n\ndef test_it():\n    assert changed_module.X == 1\n")
    (tmp_path / "conftest.py").write_text(f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n")
    command = [sys.executable, "-c", PASSES, str(module), str(test)]
    done = subprocess.run(
        command, cwd=run.ROOT / "tests", check=True, timeout=600, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[True, False]"


def test_modules_and_tests_are_there():
    for module, tests in run.MODULES.items():
        assert (run.LIBRARY / f"{module}.py").is_file()
        assert all(test.is_file() for test in run.files_of(tests))
    assert run.EQUIVALENT.keys() <= run.MODULES.keys()


SCORE = """
import json
from mutation import run
print(json.dumps(run.score("cluster/probability", every=6)))
"""


def test_unit_tests_notice_mistakes():
    # In a process that has not imported the module yet.
    command = [sys.executable, "-c", SCORE]
    printed = subprocess.run(
        command, cwd=run.ROOT / "tests", check=True, timeout=600, capture_output=True, text=True
    ).stdout
    row = json.loads(printed.splitlines()[-1])
    assert row["caught"] >= 5
    assert row["survived"] == []


def test_the_published_scores_are_of_every_module_and_high():
    rows = {row["module"]: row for row in json.loads(run.PUBLISHED.read_text())}
    assert rows.keys() == run.MODULES.keys()
    for module, row in rows.items():
        assert row["caught"] + row["equivalent"] + len(row["survived"]) == row["mutants"]
        assert row["equivalent"] == len(run.EQUIVALENT.get(module, {}))
        assert row["score"] > 0.9
