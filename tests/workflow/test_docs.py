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
    targets = [
        word for words in called("snakemake") for word in words if word.startswith("results/")
    ]
    assert len(targets) >= 4
    output = snakemake(tmp_path, "--dry-run", "--", *targets).output
    for target in targets:
        assert target in output
