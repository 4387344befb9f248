"""Tests that are only run when asked for."""


def pytest_collection_modifyitems(config, items):
    """Leave out what is marked ``long`` unless the marks asked for say otherwise."""
    if "long" in config.getoption("markexpr"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
