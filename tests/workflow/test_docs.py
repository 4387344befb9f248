"""The files that the pages of documentation ask Snakemake for can be made."""

import yaml

from docs import ROOT, called, fenced
from lensflow.workflow.recipes import laid_over
from workflow.conftest import snakemake


def test_the_targets_in_the_pages_can_be_planned(tmp_path):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for text in fenced(ROOT / "workflow/docs/your_data.md", "yaml"):
        config = laid_over(config, yaml.safe_load(text))
    (tmp_path / "data/my_survey").mkdir(parents=True)
    (tmp_path / "data/my.csv").touch()
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    planned = [(changes(words), targets(words)) for words in called("snakemake")]
    as_it_is = [target for changed, wanted in planned if not changed for target in wanted]
    assert len(as_it_is) >= 4
    for changed, wanted in [([], as_it_is), *(each for each in planned if all(each))]:
        options = ["--config", *changed] if changed else []
        output = snakemake(tmp_path, "--dry-run", *options, "--", *wanted).output
        assert [target for target in wanted if target not in output] == []


def targets(words):
    """Return the files that a command asks for."""
    return [word for word in words if word.startswith("results/")]


def changes(words):
    """Return what a command changes of the configuration."""
    return [word for word in words if "=" in word and not word.startswith("-")]
