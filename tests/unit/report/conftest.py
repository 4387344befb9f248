import shutil

import pytest

from unit.report.report_fixtures import make_experiment


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    return make_experiment(tmp_path_factory.mktemp("results"), n=60, n_features=6)


@pytest.fixture
def folder(results, tmp_path):
    """A copy of the experiment's small files, to change."""
    source = results["root"]
    for path in sorted(source.rglob("*")):
        if path.is_file() and not {"stacks", "denoised", "images"} & set(path.parts):
            target = tmp_path / "results" / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return tmp_path / "results"
