"""What tests of several folders share: one finished run, and tests that are only run when asked."""

import pytest

from workflow.conftest import configured, snakemake


def pytest_collection_modifyitems(config, items):
    """Leave out what is marked ``long`` unless the marks asked for say otherwise."""
    if "long" in config.getoption("markexpr"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder in which the tiny configuration was run from start to end, once for all tests."""
    folder = configured(tmp_path_factory.mktemp("workflow"))
    # What Snakemake gives the scripts stays, for tests that run single jobs again.
    done = snakemake(folder, "--workflow-profile", "default", "--skip-script-cleanup")
    (folder / "console.txt").write_text(done.output)
    return folder
