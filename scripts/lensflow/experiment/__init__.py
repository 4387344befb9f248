"""The choices of an experiment, and every path under results/: decided once, for all who need them.

The rules, the figures, the paper's tables, the report and the tests ask a `Project` or one of its
`Experiment`s which sample is the headline, whose judgement counts, whether there are labels, and
where a file is. Nothing here reads or writes a file; that a person's table is there is looked up.
"""

from lensflow.experiment.choices import OWN_SAMPLES
from lensflow.experiment.datasets import Dataset
from lensflow.experiment.paths import RUN_PATTERN, Experiment
from lensflow.experiment.project import Project

__all__ = ["OWN_SAMPLES", "RUN_PATTERN", "Dataset", "Experiment", "Project"]
