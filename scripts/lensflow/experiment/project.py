"""A project: all datasets and experiments of a configuration, and which are to be built."""

from collections.abc import Mapping

from lensflow.experiment.choices import OWN_SAMPLES
from lensflow.experiment.datasets import Dataset
from lensflow.experiment.paths import Experiment


class Project:
    """All datasets and experiments of a configuration, and which of these are to be built.

    Parameters
    ----------
    config : mapping
        A configuration that `lensflow.workflow.config.complete` returned.
    """

    def __init__(self, config: Mapping):
        self.config = config
        self.datasets = {name: Dataset(name, entry) for name, entry in config["datasets"].items()}
        self.experiments = {name: Experiment(name, config) for name in config["experiments"]}

    @property
    def injected(self) -> dict[str, str]:
        """Names of the datasets that get sources into their images, by the names of these."""
        wanted = [dataset for dataset in self.datasets.values() if dataset.completeness]
        return {dataset.injected.name: dataset.name for dataset in wanted}

    @property
    def applied_samples(self) -> list[str]:
        """Names of the samples that are whole datasets."""
        return [*self.datasets, *self.injected]

    @property
    def samples(self) -> list[str]:
        """Names of all samples."""
        return [*OWN_SAMPLES, *self.applied_samples]

    @property
    def chosen(self) -> list[Experiment]:
        """The experiments under ``run``."""
        return [self.experiments[name] for name in self.config["run"]]

    @property
    def compared(self) -> list[Experiment]:
        """The experiments under ``run`` that are put beside the paper's numbers."""
        return [experiment for experiment in self.chosen if experiment.settings["compare_paper"]]

    def partner(self, experiment: Experiment, role: str) -> Experiment | None:
        """Return the experiment that stands beside another, where it is under ``run``.

        Parameters
        ----------
        experiment : Experiment
        role : {"honest", "challenge"}
        """
        name = (experiment.settings["compare_paper"] or {}).get(role)
        return self.experiments[name] if name in self.config["run"] else None

    def partner_folder(self, experiment: Experiment, role: str) -> str | None:
        """Return the folder of a partner; None for none."""
        partner = self.partner(experiment, role)
        return partner and partner.folder

    @property
    def comparisons(self) -> list[dict[str, Experiment | None]]:
        """The compared experiments with their partners, by role."""
        return [
            {
                "training": experiment,
                "honest": self.partner(experiment, "honest"),
                "challenge": self.partner(experiment, "challenge"),
            }
            for experiment in self.compared
        ]

    @property
    def look_paths(self) -> list[str]:
        """Which clusters to look at next, where a person judges those under ``run`` or beside."""
        found = [
            path
            for experiment in self.chosen
            for each in (experiment, *experiment.beside)
            for path in each.look_paths
        ]
        return list(dict.fromkeys(found))

    @property
    def candidate_paths(self) -> list[str]:
        """The candidate tables of the experiments under ``run``."""
        return [
            experiment.candidates_path(dataset)
            for experiment in self.chosen
            for dataset in experiment.candidate_datasets
        ]

    @property
    def page_paths(self) -> list[str]:
        """The pages on which people work, and how well they graded, of those under ``run``.

        Those beside them are judged too.
        """
        found = [
            path
            for experiment in self.chosen
            for path in (*experiment.page_paths, *experiment.grader_paths)
        ]
        return list(dict.fromkeys(found))

    @property
    def exported_paths(self) -> list[str]:
        """The same candidates in the formats of other tools."""
        return [
            path
            for experiment in self.chosen
            for dataset in experiment.candidate_datasets
            for path in experiment.exported_paths(dataset)
        ]
