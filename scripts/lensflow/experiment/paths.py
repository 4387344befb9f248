"""An experiment: its choices, and the path of every file that it makes or is given."""

from collections.abc import Iterable
from typing import NamedTuple

from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.evaluate.columns import DENSITY_ARCS
from lensflow.evaluate.rankers import RANKERS
from lensflow.experiment.choices import Choices
from lensflow.samples.runs import Run

RUN_PATTERN = "results/{experiment}/{scale}/features_{features}/run_{run}"
"""Folder of one run, with the wildcards of the rules."""

INJECTED_TABLES = ("sources", "completeness", "purity")
"""Tables on the sources that are injected into a dataset."""


def _words(run: Run) -> str:
    return f"{run.scale} features {run.n_features} run {run.run}"


class History(NamedTuple):
    """Where the losses of one training are: of which kind of network, called what."""

    network: str
    name: str
    path: str


class Experiment(Choices):
    """One experiment: what it chooses, and where its files are.

    Parameters
    ----------
    name : str
    config : mapping
        A configuration that `lensflow.workflow.config.complete` returned, or the effective one in
        an experiment's folder.
    """

    @property
    def folder(self) -> str:
        """Folder of everything that it makes."""
        return f"results/{self.name}"

    def table_path(self, name: str) -> str:
        """Return the CSV of a table of the whole experiment, such as ``metrics``."""
        return f"{self.folder}/{name}.csv"

    @property
    def config_path(self) -> str:
        """Its effective configuration."""
        return f"{self.folder}/config.yaml"

    @property
    def split_path(self) -> str:
        """Which object is in which sample, turned how."""
        return self.table_path("split")

    def figure_path(self, name: str) -> str:
        """Return the PNG of a figure."""
        return f"{self.folder}/figures/{name}.png"

    def candidates_path(self, dataset: str) -> str:
        """Return the table of candidates of a dataset."""
        return self.table_path(f"candidates_{dataset}")

    def exported_paths(self, dataset: str) -> list[str]:
        """Return the candidates of a dataset in the formats of other tools."""
        stem = f"{self.folder}/candidates_{dataset}"
        return [f"{stem}.ecsv", f"{stem}.reg", f"{stem}_cutouts.fits"]

    def known_lenses_path(self, dataset: str) -> str:
        """Return where the known lenses of a dataset are ranked."""
        return self.table_path(f"known_lenses_{dataset}")

    def completeness_path(self, dataset: str) -> str:
        """Return how many of the known lenses of a dataset are found."""
        return self.table_path(f"completeness_{dataset}")

    def injected_path(self, table: str, dataset: str) -> str:
        """Return a table on the sources that are injected into a dataset.

        Parameters
        ----------
        table : {"sources", "completeness", "purity"}
            The sources one by one, how many are found, and what that makes of the selections.
        dataset : str
        """
        return self.table_path(f"injected_{table}_{dataset}")

    def injected_paths(self, dataset: str) -> dict[str, str]:
        """Return all of these tables by their names."""
        return {table: self.injected_path(table, dataset) for table in INJECTED_TABLES}

    def injected_image_paths(self, dataset: str) -> list[str]:
        """Return the image shards of a dataset with sources in them."""
        return self._dataset(dataset).injected.image_paths

    @property
    def candidate_image_paths(self) -> list[str]:
        """The image shards of the datasets whose objects are ranked."""
        return [
            path
            for dataset in self.candidate_datasets
            for path in self._dataset(dataset).image_paths
        ]

    @property
    def explored_grades(self) -> list[str]:
        """The candidates of that dataset, where anybody has graded."""
        ranked = self.candidate_datasets[:1] if self.grade_paths else []
        return [self.candidates_path(dataset) for dataset in ranked]

    @property
    def explorer_path(self) -> str:
        """The page with a map of the features."""
        return f"{self.folder}/explorer.html"

    def grading_page(self, dataset: str) -> str:
        """Return the page on which people grade the candidates of a dataset."""
        return f"{self.folder}/grade_{dataset}.html"

    def hidden_path(self, dataset: str) -> str:
        """Return the simulated objects that are hidden on that page."""
        return f"{self.folder}/hidden_{dataset}.h5"

    def hidden_paths(self, dataset: str) -> list[str]:
        """Return the hidden objects of a dataset's page; nothing where none are asked for."""
        return [self.hidden_path(dataset)] if self.settings["hidden"] else []

    def answer_paths(self, dataset: str) -> list[str]:
        """Return the table of what those objects are; nothing where none are asked for."""
        return [self.table_path(f"hidden_{dataset}")] if self.settings["hidden"] else []

    @property
    def grader_paths(self) -> list[str]:
        """The table of how well people grade, where anybody has."""
        return [self.table_path("graders")] if self.grade_paths else []

    def stack_paths(self, scale: str, stage: str, sample: str) -> list[str]:
        """Return the shards of a sample as the networks see it; none where there is no such sample.

        Parameters
        ----------
        scale : {"log", "linear"}
        stage : {"stacks", "denoised"}
            Prepared, or denoised too.
        sample : {"train", "test"}
        """
        if sample not in self.own_samples:
            return []
        return self._shards(f"{self.folder}/{scale}/{stage}/{sample}", sample)

    def encoder_input_paths(self, scale: str, sample: str) -> list[str]:
        """Return the shards of a sample as the experiment's encoder sees them."""
        return self.stack_paths(scale, self.encoder.input_stage, sample)

    def denoised_paths(self, scale: str, sample: str) -> list[str]:
        """Return the denoised shards of a sample; nothing where the experiment has no denoiser."""
        return self.stack_paths(scale, "denoised", sample) if self.denoises else []

    def needed_denoiser_paths(self, scale: str) -> list[str]:
        """Return the denoiser of a scale; nothing where the encoder sees images as prepared."""
        return [self.denoiser_path(scale)] if self.denoises else []

    def denoiser_path(self, scale: str) -> str:
        """Return the weights of the denoiser of a scale."""
        return f"{self.folder}/{scale}/denoiser.weights.h5"

    def denoiser_history_path(self, scale: str) -> str:
        """Return the losses of that denoiser's training."""
        return f"{self.folder}/{scale}/denoiser_history.csv"

    @property
    def histories(self) -> list[History]:
        """Every training: of denoisers, then of encoders, then of students."""
        scales = self.scales if self.denoises else []
        found = [History("denoiser", scale, self.denoiser_history_path(scale)) for scale in scales]
        for network in self.encoder_networks:
            found += [
                History(network, _words(run), self.run_path(run, f"{network}_history.csv"))
                for run in self.runs
            ]
        return found + [
            History(
                student,
                f"{_words(run)} {name}",
                self.run_path(run, f"{student}_{name}_history.csv"),
            )
            for student in self.students
            for run in self.runs
            for name in self.probabilities
        ]

    @property
    def baseline_paths(self) -> list[str]:
        """Tables of the baselines, where they are asked for and have labels to use."""
        if not (self.settings["baselines"] and self.is_labelled):
            return []
        return [f"{self.folder}/{scale}/baselines.csv" for scale in self.scales]

    def run_path(self, run: Run, file: str = "") -> str:
        """Return a file of one run, or its folder."""
        folder = RUN_PATTERN.format(
            experiment=self.name, scale=run.scale, features=run.n_features, run=run.run
        )
        return f"{folder}/{file}" if file else folder

    def run_paths(self, file: str) -> list[str]:
        """Return a file of every run."""
        return [self.run_path(run, file) for run in self.runs]

    def sample_paths(self, file: str) -> list[str]:
        """Return a file of every sample of every run, run by run.

        Parameters
        ----------
        file : str
            With ``{sample}`` in it.
        """
        return [
            self.run_path(run, file.format(sample=sample))
            for run in self.runs
            for sample in self.samples
        ]

    def headline_path(self, file: str) -> str:
        """Return a file of the first run of the headline model."""
        return self.run_path(self.headline_runs[0], file)

    def headline_paths(self, file: str) -> list[str]:
        """Return a file of every run of the headline model."""
        return [self.run_path(run, file) for run in self.headline_runs]

    def encoder_path(self, run: Run) -> str:
        """Return the artifact of the encoder of a run."""
        return self.run_path(run, self.encoder.artifact)

    def mixture_path(self, run: Run) -> str:
        """Return the clusters of a run."""
        return self.run_path(run, "mixture.h5")

    def cluster_labels_path(self, run: Run, judgement: str) -> str:
        """Return the table of cluster labels: made by a rule, or a person's own."""
        if JUDGEMENTS[judgement].table_key:
            return self.given_labels_path(run, judgement)
        return self.run_path(run, f"cluster_labels_{judgement}.csv")

    def judged_models(self, runs: Iterable[Run]) -> list[dict[str, str]]:
        """Return what the judging page says of runs: their names, and where it is saved to."""
        return [
            {
                "name": f"{run.scale} scale, {run.n_features} features, run {run.run}",
                "table": self._saved_judgements(run),
            }
            for run in runs
        ]

    def _saved_judgements(self, run: Run) -> str:
        for judgement in JUDGEMENTS.values():
            if judgement.table_key and self.settings[judgement.table_key]:
                return self.cluster_labels_path(run, judgement.name)
        return f"judged_{self.name}.csv"

    @property
    def judging_page(self) -> str:
        """The page on which a person judges its clusters, those of all runs together."""
        only, *others = self.runs
        return f"{self.folder}/judge.html" if others else self.run_path(only, "judge.html")

    @property
    def page_paths(self) -> list[str]:
        """The pages on which people work: to judge where a person is asked to, and to grade."""
        judging = [each.judging_page for each in (self, *self.beside) if each.asks_a_person]
        return judging + [self.grading_page(dataset) for dataset in self.candidate_datasets]

    @property
    def look_paths(self) -> list[str]:
        """Which clusters to look at next, where a person judges them: of the headline's runs."""
        return self.headline_paths("next_looks.csv") if self.asks_a_person else []

    def embedding_paths(self, run: Run, sample: str) -> list[str]:
        """Return the shards of a sample's embeddings."""
        return self._shards(self.run_path(run, f"embeddings/{sample}"), sample)

    def injected_embedding_paths(self, run: Run, judgement: str) -> list[str]:
        """Return the embeddings of the simulated lenses that a judgement is made by, if it is."""
        if not JUDGEMENTS[judgement].is_injected:
            return []
        return self.embedding_paths(run, self.settings["injections"])

    def further_paths(self, run: Run) -> dict[str, list[str]]:
        """Return the further mixtures over which a judgement is spread, and their shares."""
        numbers = range(self.settings["mixture"]["spread"])
        return {
            kind: [self.run_path(run, f"spread/{kind}_{number}.h5") for number in numbers]
            for kind in ("mixture", "shares")
        }

    def score_paths(self, run: Run, sample: str) -> list[str]:
        """Return the shards of what the clusters of a run say of a sample."""
        folder = "clusters" if self.keeps_scores else "scores"
        return self._score_shards(run, folder, sample)

    def all_score_paths(self, run: Run, sample: str) -> list[list[str]]:
        """Return the same of the run itself and of the run beside it in each other experiment.

        That is the run of the same number of the other's headline model.
        """
        others = [(other, other.headline_runs[run.run]) for other in self.beside]
        return [each.score_paths(its, sample) for each, its in [(self, run), *others]]

    def teacher_score_paths(self, run: Run, sample: str = "train") -> list[str]:
        """Return the shards of what clusters say, the experiments beside it included.

        Of the training sample that is what a student learns from.
        """
        if self.beside:
            return self._score_shards(run, "teacher", sample)
        return self.score_paths(run, sample)

    def ungraded_score_paths(self, run: Run, sample: str) -> list[str]:
        """Return the shards of a sample's scores before graded images are looked at."""
        if self.students and self.probabilities:
            return self._score_shards(run, "taught", sample)
        return self.teacher_score_paths(run, sample)

    def final_score_paths(self, run: Run, sample: str) -> list[str]:
        """Return the shards of a sample's scores: clusters, and what else the experiment has."""
        if self.has_head:
            return self._score_shards(run, "graded", sample)
        return self.ungraded_score_paths(run, sample)

    def calibration_path(self, run: Run) -> str:
        """Return what the logits of the students of a run are worth as probabilities."""
        return self.run_path(run, "calibration.csv")

    def _score_shards(self, run: Run, folder: str, sample: str) -> list[str]:
        return self._shards(self.run_path(run, f"{folder}/{sample}"), sample, "csv")

    def student_path(self, run: Run, student: str, judgement: str) -> str:
        """Return the weights of a student of a run and judgement."""
        return self.run_path(run, f"{student}_{judgement}.weights.h5")

    def prediction_paths(self, run: Run, sample: str) -> dict[str, list[list[str]]]:
        """Return what students make of a sample: by judgement, shard and student."""
        return {
            judgement: [
                [
                    self.run_path(run, f"{student}/{judgement}/{sample}/shard_{shard}.h5")
                    for student in self.students
                ]
                for shard in range(self.n_shards(sample))
            ]
            for judgement in self.probabilities
        }

    def arcs_path(self, sample: str) -> str:
        """Return the table of how arc-like the objects of a sample are."""
        return self.table_path(f"arcs_{sample}")

    def arc_shard_paths(self, sample: str) -> list[str]:
        """Return its shards."""
        return self._shards(f"{self.folder}/arcs/{sample}", sample, "csv")

    def unjudged_arcs_paths(self, sample: str) -> list[str]:
        """Return the table of arcs of a sample where nobody judges and they help to rank it."""
        return [self.arcs_path(sample)] if self.ranked_by(sample) == DENSITY_ARCS else []

    def needed_arcs_paths(self, sample: str) -> list[str]:
        """Return the table of arcs where a ranker of the sample needs it."""
        needs = any(RANKERS[name].needs_sky for name in self.rankers(sample))
        return [self.arcs_path(sample)] if needs else []

    def source_embedding_paths(self, run: Run) -> list[str]:
        """Return the shards of the embeddings of the sources alone (appendix A)."""
        shards = range(self.dataset.n_shards)
        return [self.run_path(run, f"sources/shard_{shard}.h5") for shard in shards]

    def _shards(self, folder: str, sample: str, suffix: str = "h5") -> list[str]:
        return [f"{folder}/shard_{shard}.{suffix}" for shard in range(self.n_shards(sample))]
