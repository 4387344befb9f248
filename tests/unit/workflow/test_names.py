"""Names that mean two things, or nothing, are refused."""

import pytest

from lensflow.errors import ConfigError
from lensflow.workflow.config import complete
from unit.workflow.config_fixtures import changed, refusal


def test_reserved_and_shared_names(config):
    config["experiments"]["train"] = config["experiments"]["demo"]
    config["experiments"]["sim_training"] = config["experiments"]["demo"]
    said = refusal(config)
    assert "'train' is reserved" in said
    assert "'sim_training' names both a dataset and an experiment" in said


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (["NA"], "'NA' is reserved"),
        (["sky", "sky_cutouts"], "'sky_cutouts' is that of the cutouts of the candidates of 'sky'"),
        (["test_1to20"], "'test_1to20' is that of a sample 'test' drawn at another ratio"),
        (["sky_1to2"], "'sky_1to2' is that of a sample 'sky' drawn at another ratio of lenses"),
    ],
)
def test_names_that_tables_or_files_cannot_tell_apart(config, names, part):
    dataset = {"kind": "simulate", "population": "challenge", "n_objects": 10}
    config["datasets"] |= dict.fromkeys(names, dataset)
    with pytest.raises(ConfigError, match=part):
        complete(config)


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        (["experiments", "demo", "preset"], "dmo", ["names 'dmo'", "Did you mean 'demo'?"]),
        (["experiments", "demo", "dataset"], "sim", ["names 'sim'", "sim_training"]),
        (["experiments", "demo", "apply_to"], ["x"], ["apply_to names 'x'"]),
        (["run"], ["dmo"], ["config.run names 'dmo'", "Did you mean 'demo'?"]),
        (["experiments", "demo", "injections"], "x", ["injections names 'x'"]),
        (
            ["experiments", "demo", "compare_paper"],
            {"honest": "dmo"},
            ["names 'dmo'", "Did you mean 'demo'?"],
        ),
    ],
)
def test_a_name_of_nothing_is_refused(config, path, value, parts):
    said = refusal(changed(config, path, value))
    for part in parts:
        assert part in said
