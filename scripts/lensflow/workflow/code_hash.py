"""A fingerprint of the code that a stage runs, so that editing the library reruns what it changes.

Snakemake notices an edited script but not an edited module that the script imports. Each rule
therefore carries this hash as a parameter. It covers the modules of lensflow that the stage
imports, directly or not, and the numbers that their packages hold as JSON; comments and
docstrings do not count.
"""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_SCRIPTS = Path(__file__).resolve().parents[2]
_PAGES = _SCRIPTS.parent / "workflow/report/pages"


def stage_hash(script: str, *modules: str) -> str:
    """Return the hash of what ``scripts/<script>`` imports of lensflow.

    Parameters
    ----------
    script : str
        File name of a workflow script, e.g. ``"fit_mixture.py"``.
    *modules : str
        Modules that it imports by a name that it is given, e.g. ``"lensflow.figures.roc"``.

    Returns
    -------
    str
        16 hexadecimal digits; equal as long as no statement of those modules changes.
    """
    digest = hashlib.sha256()
    for path in sorted(_reached(_SCRIPTS / script, modules)):
        digest.update(f"{path.relative_to(_SCRIPTS)}\0".encode())
        digest.update(_statements(path).encode())
        for data in _data(path):
            digest.update(data.read_bytes())
    return digest.hexdigest()[:16]


def page_hash() -> str:
    """Return the hash of the templates, styles and scripts of the pages on which people work."""
    digest = hashlib.sha256()
    for path in sorted(_PAGES.iterdir()):
        digest.update(f"{path.name}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _data(path: Path) -> list[Path]:
    """Return the numbers that a package is shipped with, such as fitted populations."""
    return sorted(path.parent.rglob("*.json")) if _is_inner_package(path) else []


def _is_inner_package(path: Path) -> bool:
    return path.name == "__init__.py" and path.parent != _SCRIPTS / "lensflow"


def _reached(script: Path, modules: Iterable[str] = ()) -> set[Path]:
    """Return the lensflow modules that a script imports, directly or through other modules.

    What it imports by name counts too.
    """
    found = {file for module in modules for file in _files(module)}
    waiting = [script, *found]
    while waiting:
        new = _imports(waiting.pop()) - found
        found |= new
        waiting.extend(new)
    return found


@cache
def _imports(path: Path) -> frozenset[Path]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.ImportFrom):
            raise ValueError(f"{path} has a relative import; lensflow uses absolute imports only")
    return frozenset(
        file for module in modules if module.split(".")[0] == "lensflow" for file in _files(module)
    )


def _files(module: str) -> list[Path]:
    """Return the files that importing ``module`` runs: its packages' ``__init__`` and itself."""
    parts = module.split(".")
    files = [_SCRIPTS.joinpath(*parts[: i + 1], "__init__.py") for i in range(len(parts))]
    files.append(_SCRIPTS.joinpath(*parts).with_suffix(".py"))
    return [file for file in files if file.exists()]


@cache
def _statements(path: Path) -> str:
    tree = ast.parse(path.read_text())
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)
