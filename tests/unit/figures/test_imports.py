import subprocess
import sys

import pytest


def loaded(statement, modules):
    """Return which of some modules a statement loads, as text."""
    code = f"import sys; sys.path.insert(0, 'scripts'); {statement}\n"
    code += f"print([name for name in {modules} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_figures_import_no_network_library():
    statement = (
        "import lensflow.report, lensflow.figures.cluster_sheet;"
        "import lensflow.figures.architecture, lensflow.figures.mixture_illustration"
    )
    assert loaded(statement, ["tensorflow", "keras", "matplotlib.pyplot"]) == "[]"


def test_the_table_of_figures_loads_nothing_slow():
    """The rules read it whenever Snakemake starts, in every job of a cluster."""
    modules = ["matplotlib", "sklearn", "keras", "scipy", "astropy"]
    assert loaded("import lensflow.report.shown", modules) == "[]"


@pytest.mark.parametrize("name", ["roc", "cluster_sheet"])
def test_drawing_loads_only_what_it_uses(name):
    modules = ["tensorflow", "keras", "sklearn", "matplotlib", "astropy", "scipy.stats"]
    assert loaded(f"import lensflow.figures.{name}", modules) == "['matplotlib']"
