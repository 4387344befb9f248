"""Tests that are only run when asked for, and what many tests share."""

import pytest


def pytest_collection_modifyitems(config, items):
    """Leave out what is marked ``long`` unless the marks asked for say otherwise."""
    if "long" in config.getoption("markexpr"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def training_objects():
    """Simulated training-like objects, as `simulate_object` makes them."""
    # Imported when needed: most tests simulate nothing.
    from lensflow.simulate.population import load
    from lensflow.simulate.shards import simulate_object

    population = load("training")
    return [simulate_object(population, 5, identifier) for identifier in range(500)]
