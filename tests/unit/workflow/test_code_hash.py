import shutil
from pathlib import Path

import pytest

from lensflow.figures.catalogue import FIGURES
from lensflow.workflow import code_hash

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    shutil.copytree(SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code_hash, "_SCRIPTS", tmp_path / "scripts")
    return tmp_path / "scripts"


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    code_hash._imports.cache_clear()
    code_hash._statements.cache_clear()


def test_a_statement_of_an_imported_module_changes_the_hash(scripts):
    before = code_hash.stage_hash("prepare_stack.py")
    edit(scripts / "lensflow/prepare/scaling.py", "LOG_KNEE = 4.0", "LOG_KNEE = 5.0")
    assert code_hash.stage_hash("prepare_stack.py") != before


def test_comments_and_docstrings_do_not(scripts):
    before = code_hash.stage_hash("prepare_stack.py")
    edit(scripts / "lensflow/prepare/scaling.py", "# One logarithm", "# The logarithm")
    edit(scripts / "lensflow/prepare/scaling.py", "Bring images to a scale", "Scale images")
    assert code_hash.stage_hash("prepare_stack.py") == before


def test_modules_that_the_stage_does_not_import_do_not(scripts):
    before = code_hash.stage_hash("prepare_stack.py")
    edit(scripts / "lensflow/apply/candidates.py", "import logging", "import logging as log")
    assert code_hash.stage_hash("prepare_stack.py") == before


def test_of_the_artifacts_what_reads_and_writes_counts_and_what_describes_does_not(scripts):
    before = code_hash.stage_hash("prepare_stack.py")
    edit(scripts / "lensflow/artifacts/describing.py", "DAMAGED: ", "BROKEN: ")
    assert code_hash.stage_hash("prepare_stack.py") == before
    edit(scripts / "lensflow/artifacts/verified.py", "SPARSE = 4", "SPARSE = 5")
    assert code_hash.stage_hash("prepare_stack.py") != before


def test_every_script_has_a_hash():
    for script in SCRIPTS.glob("*.py"):
        assert len(code_hash.stage_hash(script.name)) == 16


def test_numbers_that_a_package_holds_change_the_hash_of_its_stage_alone(scripts):
    names = ["simulate_cutouts.py", "prepare_stack.py"]
    before = [code_hash.stage_hash(name) for name in names]
    edit(scripts / "lensflow/simulate/populations/training.json", "{", "{ ")
    after = [code_hash.stage_hash(name) for name in names]
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_a_module_that_draws_one_figure_changes_the_hash_of_that_figure_alone(scripts):
    def hashes():
        return {
            figure.name: code_hash.stage_hash("draw_figure.py", figure.module) for figure in FIGURES
        }

    before = hashes()
    edit(scripts / "lensflow/figures/null.py", "16), color", "17), color")
    after = hashes()
    assert [name for name in before if before[name] != after[name]] == ["null"]
