"""The choices of an experiment: what its configuration says, worked out once for all who ask.

Nothing here reads or writes a file; that a person's table is there is looked up.
"""

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Self

from lensflow.cluster.judgements import JUDGEMENTS, Judgement, counting
from lensflow.embed.encoders import ENCODERS, Encoder
from lensflow.evaluate.columns import DENSITY, DENSITY_ARCS
from lensflow.evaluate.rankers import RANKERS
from lensflow.experiment.datasets import Dataset, find_dataset
from lensflow.networks.kinds import NETWORKS, STUDENTS
from lensflow.prepare.scaling import SCALES
from lensflow.samples.runs import Run
from lensflow.seeds import rng

OWN_SAMPLES = ("train", "test")
"""Samples that the dataset of an experiment is split into; the others are called as datasets."""

PAPER_APPENDIX_FEATURES = 20
"""Features in appendix A of the paper."""


class Choices:
    """What one experiment chooses.

    Parameters
    ----------
    name : str
    config : mapping
        A configuration that `lensflow.workflow.config.complete` returned, or the effective one in
        an experiment's folder.
    root : path-like
        The folder in which the files of people are looked up; by default the working folder.
    """

    def __init__(self, name: str, config: Mapping, root: str | os.PathLike = ""):
        self.name = name
        self.config = config
        self.root = root
        self.settings = config["experiments"][name]

    # --- datasets ------------------------------------------------------------------------------

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset that it trains on."""
        return self._dataset(self.settings["dataset"])

    @cached_property
    def applied(self) -> list[Dataset]:
        """The other datasets that its models are applied to."""
        return [self._dataset(name) for name in self.settings["apply_to"]]

    @cached_property
    def beside(self) -> list[Self]:
        """The experiments whose probabilities are averaged with its own, image by image."""
        return [type(self)(name, self.config, self.root) for name in self.settings["beside"]]

    @property
    def datasets(self) -> list[Dataset]:
        """All of its datasets, the one it trains on first."""
        injected = self.settings["injections"]
        others = [*self.applied, *([self._dataset(injected)] if injected else [])]
        return list({dataset.name: dataset for dataset in [self.dataset, *others]}.values())

    @property
    def labelled_datasets(self) -> list[Dataset]:
        """Those of its datasets that come with true labels."""
        return [dataset for dataset in self.datasets if dataset.is_labelled]

    def _dataset(self, name: str) -> Dataset:
        return find_dataset(name, self.config["datasets"])

    @property
    def completeness_datasets(self) -> list[str]:
        """Names of the ranked datasets whose completeness is measured by injected sources."""
        return [name for name in self.candidate_datasets if self._dataset(name).completeness]

    def injected_sample(self, dataset: str) -> str:
        """Return the sample of a dataset's images with sources in them."""
        return self._dataset(dataset).injected.name

    @property
    def datasets_with_known_lenses(self) -> list[str]:
        """Names of the ranked datasets for which known lenses are given."""
        ranked = self.candidate_datasets
        return [name for name in ranked if self._dataset(name).known_lenses_paths]

    @property
    def candidate_datasets(self) -> list[str]:
        """Names of the datasets whose objects are ranked: its own too, where it is a survey's."""
        own = [self.dataset.name] if self.protocol == "unlabelled" else []
        return [*own, *self.settings["apply_to"]]

    # --- encoder -------------------------------------------------------------------------------

    @property
    def preset(self) -> Mapping:
        """Its encoder and how it is trained."""
        return self.config["presets"][self.settings["preset"]]

    @property
    def encoder_preset(self) -> dict:
        """What of its preset makes features of images as the encoder sees them."""
        return self.preset_of(*self.encoder_networks)

    @property
    def embedding_preset(self) -> dict:
        """What of its preset makes features of images as they were taken."""
        denoiser = ["denoiser"] if self.denoises else []
        return self.preset_of(*denoiser, *self.encoder_networks)

    @property
    def encoder_networks(self) -> list[str]:
        """The network that its encoder is; none where the encoder is fitted."""
        return [self.encoder.name] if self.encoder.is_network else []

    def preset_of(self, *networks: str) -> dict:
        """Return what of its preset some networks use, so that nothing else reruns their stages.

        Parameters
        ----------
        *networks : str
            Keys of `lensflow.networks.kinds.NETWORKS`; without any, what needs no network.
        """
        others = set(NETWORKS) - set(networks) | (set() if networks else {"precision", "training"})
        part = {name: value for name, value in self.preset.items() if name not in others}
        if "training" in part:
            training = part["training"].items()
            part["training"] = {name: value for name, value in training if name not in others}
        return part

    @property
    def encoder(self) -> Encoder:
        """What makes features of its images."""
        return ENCODERS[self.preset["encoder"]]

    @property
    def denoises(self) -> bool:
        """Whether its encoder sees denoised images."""
        return self.encoder.input_stage == "denoised"

    @property
    def students(self) -> list[str]:
        """Networks that learn, on the images themselves, what the clusters say of them."""
        return [name for name in STUDENTS if name in self.preset]

    @property
    def pooling(self) -> str:
        """Over which views of an image baselines average too, as its encoder does."""
        if self.encoder.is_invariant:
            return "d4"
        return self.preset.get(self.encoder.name, {}).get("embedding_pooling", "none")

    # --- samples -------------------------------------------------------------------------------

    @property
    def protocol(self) -> str:
        """How the dataset becomes samples: ``paper``, ``honest`` or ``unlabelled``."""
        return self.settings["protocol"]

    @property
    def is_labelled(self) -> bool:
        """Whether the dataset that it trains on comes with true labels."""
        return self.dataset.is_labelled

    @property
    def own_samples(self) -> list[str]:
        """The samples that its own dataset is split into."""
        return list(OWN_SAMPLES[:1] if self.protocol == "unlabelled" else OWN_SAMPLES)

    @property
    def samples(self) -> list[str]:
        """Every sample that is embedded and scored."""
        return [*self.own_samples, *self.settings["apply_to"]]

    @property
    def held_out_sample(self) -> str | None:
        """The sample of objects that nothing was trained on; None where all are trained on."""
        return "test" if "test" in self.own_samples else None

    @property
    def headline_sample(self) -> str:
        """The sample that headline numbers come from: held out where there is such."""
        return self.own_samples[-1]

    @property
    def paper_sample(self) -> str:
        """The sample of Figs. 7 and 8: the paper's is the training sample itself."""
        return "train" if self.protocol == "paper" else self.headline_sample

    @property
    def ratio_sample(self) -> str | None:
        """The sample that is also evaluated at the ratios of table 1."""
        return "test" if self.protocol == "paper" else None

    @property
    def cut_sample(self) -> str:
        """The sample whose cut is shown: a labelled dataset applied to, else the headline's."""
        labelled = [dataset.name for dataset in self.applied if dataset.is_labelled]
        return labelled[0] if labelled else self.headline_sample

    def sample_dataset(self, sample: str) -> Dataset:
        """Return the dataset that a sample's images come from."""
        return self.dataset if sample in OWN_SAMPLES else self._dataset(sample)

    def n_shards(self, sample: str) -> int:
        """Return the number of parts that a sample is worked on in."""
        if sample in OWN_SAMPLES:
            return self.settings["shards"]
        return self.sample_dataset(sample).n_shards

    def candidate_sample(self, dataset: str) -> str:
        """Return the sample that holds all objects of a ranked dataset."""
        return "train" if dataset == self.dataset.name else dataset

    @property
    def explored_sample(self) -> str:
        """The sample that the explorer shows: a dataset that is ranked, else the headline's."""
        return next(map(self.candidate_sample, self.candidate_datasets), self.headline_sample)

    @property
    def explored_dataset(self) -> Dataset:
        """The dataset of that sample."""
        return self.sample_dataset(self.explored_sample)

    @property
    def hidden_datasets(self) -> list[str]:
        """Names of the datasets on whose grading pages objects are hidden."""
        return self.candidate_datasets if self.settings["hidden"] else []

    # --- who judges and what ranks -------------------------------------------------------------

    @property
    def judgements(self) -> list[str]:
        """Names of the judgements of clusters: those configured that are not pending."""
        return [name for name in self.settings["labels"] if name not in self.pending]

    @property
    def asks_a_person(self) -> bool:
        """Whether a table from outside is to judge its clusters, be it there or not."""
        return any(JUDGEMENTS[name].table_key for name in self.settings["labels"])

    @property
    def probabilities(self) -> list[str]:
        """Names of the judgements that give every image a lens probability."""
        return [name for name in self.judgements if JUDGEMENTS[name].gives_probabilities]

    @cached_property
    def pending(self) -> dict[str, list[str]]:
        """The tables from outside that are not there yet, by judgement.

        A judgement may be waited for where objects are ranked by nobody's meanwhile.
        """
        configured = [JUDGEMENTS[name] for name in self.settings["labels"]]
        if all(judgement.gives_probabilities for judgement in configured):
            return {}
        waited_for = [
            judgement.name
            for judgement in configured
            if judgement.table_key and self.settings[judgement.table_key]
        ]
        missing = {name: self._missing_tables(name) for name in waited_for}
        return {name: paths for name, paths in missing.items() if paths}

    def _missing_tables(self, judgement: str) -> list[str]:
        paths = [self.given_labels_path(run, judgement) for run in self.runs]
        for other in self.beside:
            paths += [other.given_labels_path(run, judgement) for run in other.headline_runs]
        return [path for path in dict.fromkeys(paths) if not self._is_there(path)]

    def _is_there(self, path: str) -> bool:
        return os.path.isfile(os.path.join(self.root, path))

    def given_labels_path(self, run: Run, judgement: str) -> str:
        """Return the table of cluster labels that a judgement from outside is given by."""
        return self.settings[JUDGEMENTS[judgement].table_key].format(**run._asdict())

    def rankers(self, sample: str) -> list[str]:
        """Return names of what can rank a sample beside the finder."""
        judges = self.judgements if self.is_labelled and self.settings["baselines"] else []
        can_judge = ["", *judges]
        has_sky = not self.sample_dataset(sample).is_denoised
        return [
            ranker.name
            for ranker in RANKERS.values()
            if ranker.judgement in can_judge and (has_sky or not ranker.needs_sky)
        ]

    def ranked_by(self, sample: str) -> str:
        """Return what ranks a sample: the judgement that counts, or a ranker in its place."""
        if self.judgement.gives_probabilities:
            return self.judgement.name
        has_sky = not self.sample_dataset(sample).is_denoised
        return DENSITY_ARCS if has_sky and self.encoder.gains_by_arcs else DENSITY

    @property
    def grade_paths(self) -> list[str]:
        """The files of grades of single images that are there; the others are waited for."""
        return [path for path in self.settings["grades"] if self._is_there(path)]

    @property
    def pending_grades(self) -> list[str]:
        """The files of grades that are not there yet."""
        return [path for path in self.settings["grades"] if not self._is_there(path)]

    @property
    def has_head(self) -> bool:
        """Whether graded images rank the others, beside a judgement of the clusters."""
        return bool(self.grade_paths and self.probabilities)

    @property
    def judgement(self) -> Judgement:
        """The judgement that counts: it ranks candidates and is shown in figures."""
        return counting(self.judgements)

    # --- models --------------------------------------------------------------------------------

    @property
    def scales(self) -> list[str]:
        """Scales of the images."""
        return self.settings["scales"]

    @property
    def shown_scale(self) -> str:
        """The scale on which cutouts are shown: the headline model's, or the logarithm."""
        scale = self.model["scale"]
        return scale if SCALES[scale].is_stretched else "log"

    @property
    def model(self) -> dict[str, object]:
        """Scale and number of features of the headline model."""
        return dict(self.settings["headline"])

    @property
    def runs(self) -> list[Run]:
        """All runs: scale, then number of features, then number."""
        return [
            run
            for scale in self.scales
            for n_features in self.settings["n_features"]
            for run in self._runs_of(scale, n_features)
        ]

    @property
    def headline_runs(self) -> list[Run]:
        """The runs of the headline model."""
        return self._runs_of(**self.model)

    @property
    def judged_runs(self) -> list[Run]:
        """All runs in the order in which a person judges them: those of the headline first."""
        first = self.headline_runs
        return [*first, *(run for run in self.runs if run not in first)]

    def _runs_of(self, scale: str, n_features: int) -> list[Run]:
        return [Run(scale, n_features, run) for run in range(self.settings["runs"])]

    @property
    def appendix_runs(self) -> list[Run]:
        """The runs of appendix A: linear scale, the paper's 20 features where they are trained."""
        wanted = self.settings["appendix_a"]["n_features"]
        if wanted is None:
            trained = PAPER_APPENDIX_FEATURES in self.settings["n_features"]
            wanted = PAPER_APPENDIX_FEATURES if trained else self.model["n_features"]
        return self._runs_of("linear", wanted)

    def mixture_seed(self, run: int) -> int:
        """Return the seed of a run's mixture.

        Runs of a network differ by its training; an encoder that is fitted comes out nearly the
        same, so that runs of it must differ by their mixtures too.
        """
        return self.config["seed"] + (0 if self.encoder.is_network else run)

    def n_components(self, n_features: int) -> int:
        """Return the number of clusters: the number of features unless configured."""
        return self.settings["mixture"]["n_components"] or n_features

    @property
    def most_components(self) -> int:
        """The most clusters of any of its models."""
        return max(self.n_components(n_features) for n_features in self.settings["n_features"])

    @property
    def mixture_settings(self) -> dict[str, object]:
        """What every mixture of it is fitted with."""
        settings = self.settings["mixture"]
        return {name: value for name, value in settings.items() if name != "spread"}

    def further_seed(self, run: int, further: int) -> int:
        """Return the seed of a further mixture over which the judgement of a run is spread."""
        return int(rng(self.mixture_seed(run), "spread", further).integers(2**31))

    @property
    def keeps_scores(self) -> bool:
        """Whether what its clusters say is kept by shard: something else is combined with it.

        Otherwise it is joined and thrown away.
        """
        others = self.config["experiments"].values()
        is_beside = any(self.name in other["beside"] for other in others)
        has_more = self.beside or self.students or self.settings["grades"]
        return bool(has_more) or is_beside
