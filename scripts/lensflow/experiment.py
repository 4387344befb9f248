"""The choices of an experiment, and every path under results/: decided once, for all who need them.

The rules, the figures, the paper's tables, the report and the tests ask a `Project` or one of its
`Experiment`s which sample is the headline, whose judgement counts, whether there are labels, and
where a file is. Nothing here reads or writes a file; that a person's table is there is looked up.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from lensflow.cluster.judgements import JUDGEMENTS, Judgement, counting
from lensflow.embed.encoders import ENCODERS, Encoder
from lensflow.evaluate.columns import DENSITY, DENSITY_ARCS
from lensflow.evaluate.rankers import RANKERS
from lensflow.ingest.kinds import KINDS, Kind
from lensflow.networks.kinds import NETWORKS
from lensflow.prepare.scaling import SCALES
from lensflow.samples.runs import Run
from lensflow.seeds import rng

OWN_SAMPLES = ("train", "test")
"""Samples that the dataset of an experiment is split into; the others are called as datasets."""

RUN_PATTERN = "results/{experiment}/{scale}/features_{features}/run_{run}"
"""Folder of one run, with the wildcards of the rules."""

PAPER_APPENDIX_FEATURES = 20
"""Features in appendix A of the paper."""


@dataclass(frozen=True)
class Dataset:
    """One named source of cutouts.

    Attributes
    ----------
    name : str
    entry : mapping
        Its entry in a complete configuration.
    """

    name: str
    entry: Mapping[str, object]

    @property
    def kind(self) -> Kind:
        """Its entry in the table of kinds."""
        return KINDS[self.entry["kind"]]

    @property
    def is_labelled(self) -> bool:
        """Whether true labels come with the images."""
        return self.kind.is_labelled(self.entry)

    @property
    def is_simulated(self) -> bool:
        """Whether the workflow makes the images itself."""
        return self.kind.is_made_here

    @property
    def is_denoised(self) -> bool:
        """Whether the images are denoised already, and so carry no sky noise."""
        return self.entry.get("state") == "denoised"

    @property
    def keeps_sources(self) -> bool:
        """Whether the images of the lensed sources alone are kept."""
        return bool(self.entry.get("source_images"))

    @property
    def known_lenses_paths(self) -> list[str]:
        """Table of known lenses, where one is given."""
        path = self.entry.get("known_lenses")
        return [path] if path else []

    @property
    def match_radius(self) -> float | None:
        """Distance within which an object is a known lens (arcsec), where there are such."""
        return self.entry["match_radius"] if self.known_lenses_paths else None

    @property
    def title(self) -> str:
        """The dataset in a few words."""
        return self.kind.title(self.name, self.entry)

    @property
    def words(self) -> str:
        """What the dataset is, in a sentence."""
        return self.kind.words(self.entry)

    @property
    def n_shards(self) -> int:
        """Parts that are worked on as separate jobs."""
        return self.entry["shards"]

    @property
    def most_objects(self) -> int | None:
        """The most objects that it can have, as far as the configuration says."""
        return self.entry.get("n_objects" if self.is_simulated else "max_objects")

    @property
    def folder(self) -> str:
        """Folder of everything that is made of it."""
        return f"results/data/{self.name}"

    @property
    def manifest_path(self) -> str:
        """List of its usable files."""
        return f"{self.folder}/manifest.h5"

    @property
    def index_path(self) -> str:
        """List of its objects."""
        return f"{self.folder}/index.h5"

    @property
    def quarantine_path(self) -> str:
        """What was left out, and why."""
        return f"{self.folder}/quarantine.csv"

    @property
    def image_paths(self) -> list[str]:
        """Image shards, in order."""
        return [f"{self.folder}/images/shard_{i}.h5" for i in range(self.n_shards)]

    @property
    def shard_quarantine_paths(self) -> list[str]:
        """What was left out of each shard."""
        return [f"{self.folder}/images/quarantine_{i}.csv" for i in range(self.n_shards)]

    @property
    def simulated_parts(self) -> list[str]:
        """Catalogue parts of the shards of a simulated dataset."""
        folders = [f"{self.folder}/simulated/Data.{i}" for i in range(self.n_shards)]
        return [f"{folder}/catalogue_part.csv" for folder in folders]

    @property
    def cutout_folder(self) -> str:
        """Folder that holds its FITS files."""
        return f"{self.folder}/simulated" if self.is_simulated else self.entry["path"]

    @property
    def cutout_sources(self) -> list[str]:
        """What must exist before its files are listed."""
        if self.is_simulated:
            shards = [f"{self.cutout_folder}/Data.{i}/Public" for i in range(self.n_shards)]
            return [f"{self.cutout_folder}/classifications.csv", *shards]
        catalogue = self.entry.get("catalogue")
        is_one = bool(catalogue) and "{tile}" not in catalogue
        return [self.cutout_folder, *([catalogue] if is_one else [])]


class Experiment:
    """One experiment: what it chooses, and where its files are.

    Parameters
    ----------
    name : str
    config : mapping
        A configuration that `lensflow.workflow.config.complete` returned, or the effective one in
        an experiment's folder.
    """

    def __init__(self, name: str, config: Mapping):
        self.name = name
        self.config = config
        self.settings = config["experiments"][name]

    # --- choices ------------------------------------------------------------------------------

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset that it trains on."""
        return self._dataset(self.settings["dataset"])

    @cached_property
    def applied(self) -> list[Dataset]:
        """The other datasets that its models are applied to."""
        return [self._dataset(name) for name in self.settings["apply_to"]]

    @cached_property
    def beside(self) -> list["Experiment"]:
        """The experiments whose probabilities are averaged with its own, image by image."""
        return [Experiment(name, self.config) for name in self.settings["beside"]]

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
        return Dataset(name, self.config["datasets"][name])

    @property
    def preset(self) -> Mapping:
        """Its encoder and how it is trained."""
        return self.config["presets"][self.settings["preset"]]

    @property
    def encoder_preset(self) -> dict:
        """What of its preset makes features of images as the encoder sees them."""
        return self.preset_of(*self._encoder_networks)

    @property
    def embedding_preset(self) -> dict:
        """What of its preset makes features of images as they were taken."""
        denoiser = ["denoiser"] if self.denoises else []
        return self.preset_of(*denoiser, *self._encoder_networks)

    @property
    def _encoder_networks(self) -> list[str]:
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
    def has_student(self) -> bool:
        """Whether a network learns, on the images themselves, what the clusters say of them."""
        return "student" in self.preset

    @property
    def pooling(self) -> str:
        """Over which views of an image baselines average too, as its encoder does."""
        if self.encoder.is_invariant:
            return "d4"
        return self.preset.get(self.encoder.name, {}).get("embedding_pooling", "none")

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

    @property
    def judgements(self) -> list[str]:
        """Names of the judgements of clusters: those configured that are not pending."""
        return [name for name in self.settings["labels"] if name not in self.pending]

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
        paths = [self.cluster_labels_path(run, judgement) for run in self.runs]
        for other in self.beside:
            paths += [other.cluster_labels_path(run, judgement) for run in other.headline_runs]
        return [path for path in dict.fromkeys(paths) if not os.path.isfile(path)]

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

    def needed_arcs_paths(self, sample: str) -> list[str]:
        """Return the table of arcs where a ranker of the sample needs it."""
        needs = any(RANKERS[name].needs_sky for name in self.rankers(sample))
        return [self.arcs_path(sample)] if needs else []

    def unjudged_arcs_paths(self, sample: str) -> list[str]:
        """Return the table of arcs of a sample where nobody judges and they help to rank it."""
        return [self.arcs_path(sample)] if self.ranked_by(sample) == DENSITY_ARCS else []

    def ranked_by(self, sample: str) -> str:
        """Return what ranks a sample: the judgement that counts, or a ranker in its place."""
        if self.judgement.gives_probabilities:
            return self.judgement.name
        has_sky = not self.sample_dataset(sample).is_denoised
        return DENSITY_ARCS if has_sky and self.encoder.gains_by_arcs else DENSITY

    @property
    def grade_paths(self) -> list[str]:
        """The files of grades of single images that are there; the others are waited for."""
        return [path for path in self.settings["grades"] if os.path.isfile(path)]

    @property
    def pending_grades(self) -> list[str]:
        """The files of grades that are not there yet."""
        return [path for path in self.settings["grades"] if not os.path.isfile(path)]

    @property
    def has_head(self) -> bool:
        """Whether graded images rank the others, beside a judgement of the clusters."""
        return bool(self.grade_paths and self.probabilities)

    @property
    def judgement(self) -> Judgement:
        """The judgement that counts: it ranks candidates and is shown in figures."""
        return counting(self.judgements)

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
        has_more = self.beside or self.has_student or self.settings["grades"]
        return bool(has_more) or is_beside

    @property
    def most_components(self) -> int:
        """The most clusters of any of its models."""
        return max(self.n_components(n_features) for n_features in self.settings["n_features"])

    # --- models -------------------------------------------------------------------------------

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

    # --- paths --------------------------------------------------------------------------------

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

    @property
    def candidate_image_paths(self) -> list[str]:
        """The image shards of the datasets whose objects are ranked."""
        return [
            path
            for dataset in self.candidate_datasets
            for path in self._dataset(dataset).image_paths
        ]

    @property
    def explored_sample(self) -> str:
        """The sample that the explorer shows: a dataset that is ranked, else the headline's."""
        return next(map(self.candidate_sample, self.candidate_datasets), self.headline_sample)

    @property
    def explored_dataset(self) -> Dataset:
        """The dataset of that sample."""
        return self.sample_dataset(self.explored_sample)

    @property
    def explored_grades(self) -> list[str]:
        """The candidates of that dataset, where anybody has graded."""
        ranked = self.candidate_datasets[:1] if self.grade_paths else []
        return [self.candidates_path(dataset) for dataset in ranked]

    @property
    def explorer_path(self) -> str:
        """The page with a map of the features."""
        return f"{self.folder}/explorer.html"

    def candidate_sample(self, dataset: str) -> str:
        """Return the sample that holds all objects of a ranked dataset."""
        return "train" if dataset == self.dataset.name else dataset

    def grading_page(self, dataset: str) -> str:
        """Return the page on which people grade the candidates of a dataset."""
        return f"{self.folder}/grade_{dataset}.html"

    def hidden_path(self, dataset: str) -> str:
        """Return the simulated objects that are hidden on that page."""
        return f"{self.folder}/hidden_{dataset}.h5"

    def hidden_paths(self, dataset: str) -> list[str]:
        """Return the hidden objects of a dataset's page; nothing where none are asked for."""
        return [self.hidden_path(dataset)] if self.settings["hidden"] else []

    @property
    def hidden_datasets(self) -> list[str]:
        """Names of the datasets on whose grading pages objects are hidden."""
        return self.candidate_datasets if self.settings["hidden"] else []

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
        if key := JUDGEMENTS[judgement].table_key:
            return self.settings[key].format(**run._asdict())
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
        return f"judged_{self.name}_{run.scale}_{run.n_features}_{run.run}.csv"

    @property
    def judging_page(self) -> str:
        """The page on which a person judges its clusters, those of all runs together."""
        only, *others = self.runs
        return f"{self.folder}/judge.html" if others else self.run_path(only, "judge.html")

    @property
    def page_paths(self) -> list[str]:
        """The pages on which people work: to judge where a person is asked to, and to grade."""
        asked = any(JUDGEMENTS[name].table_key for name in self.settings["labels"])
        pages = [self.grading_page(dataset) for dataset in self.candidate_datasets]
        return [self.judging_page, *pages] if asked else pages

    @property
    def look_paths(self) -> list[str]:
        """Which clusters to look at next, where a person judges them: of the headline's runs."""
        by_person = any(JUDGEMENTS[name].table_key for name in self.settings["labels"])
        return self.headline_paths("next_looks.csv") if by_person else []

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
        if self.has_student and self.probabilities:
            return self._score_shards(run, "taught", sample)
        return self.teacher_score_paths(run, sample)

    def final_score_paths(self, run: Run, sample: str) -> list[str]:
        """Return the shards of a sample's scores: clusters, and what else the experiment has."""
        if self.has_head:
            return self._score_shards(run, "graded", sample)
        return self.ungraded_score_paths(run, sample)

    def calibration_path(self, run: Run) -> str:
        """Return what the sum of teacher and student of a run is worth as a probability."""
        return self.run_path(run, "calibration.csv")

    def _score_shards(self, run: Run, folder: str, sample: str) -> list[str]:
        return self._shards(self.run_path(run, f"{folder}/{sample}"), sample, "csv")

    def student_path(self, run: Run, judgement: str) -> str:
        """Return the weights of the student of a run and judgement."""
        return self.run_path(run, f"student_{judgement}.weights.h5")

    def prediction_paths(self, run: Run, judgement: str, sample: str) -> list[str]:
        """Return the shards of what that student makes of a sample."""
        return self._shards(self.run_path(run, f"student/{judgement}/{sample}"), sample)

    def arcs_path(self, sample: str) -> str:
        """Return the table of how arc-like the objects of a sample are."""
        return self.table_path(f"arcs_{sample}")

    def arc_shard_paths(self, sample: str) -> list[str]:
        """Return its shards."""
        return self._shards(f"{self.folder}/arcs/{sample}", sample, "csv")

    def source_embedding_paths(self, run: Run) -> list[str]:
        """Return the shards of the embeddings of the sources alone (appendix A)."""
        shards = range(self.dataset.n_shards)
        return [self.run_path(run, f"sources/shard_{shard}.h5") for shard in shards]

    def _shards(self, folder: str, sample: str, suffix: str = "h5") -> list[str]:
        return [f"{folder}/shard_{shard}.{suffix}" for shard in range(self.n_shards(sample))]


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
        """Which clusters to look at next, of the experiments under ``run`` that a person judges."""
        return [path for experiment in self.chosen for path in experiment.look_paths]

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
        """The pages on which people work, and how well they graded, of those under ``run``."""
        return [
            path
            for experiment in self.chosen
            for path in (*experiment.page_paths, *experiment.grader_paths)
        ]

    @property
    def exported_paths(self) -> list[str]:
        """The same candidates in the formats of other tools."""
        return [
            path
            for experiment in self.chosen
            for dataset in experiment.candidate_datasets
            for path in experiment.exported_paths(dataset)
        ]
