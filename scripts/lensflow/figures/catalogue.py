"""The figures of an experiment: what each is called, who draws it, from what, and where it stands.

A figure is an entry of `FIGURES`. The rules, the report and the page of published results are made
from this table; its order is the order of the report.
"""

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lensflow.cluster.judgements import JUDGEMENTS, TRUE_FRACTIONS
from lensflow.evaluate.resampling import TABLE1_RATIOS, ratio_sample
from lensflow.evaluate.selection import UNCUT
from lensflow.experiment import Experiment
from lensflow.samples.runs import Run

RESULTS, CLUSTERS, CANDIDATES, IMAGES = SECTIONS = (
    "Results",
    "Clusters",
    "Candidates",
    "Images and training",
)
"""Sections of the report, in the order of the argument: what comes out, then what it is made of."""

PAPER_PLACES = (
    *(f"Fig. {number}" for number in range(1, 17)),
    "Table 2",
    "Fig. A1",
    "",
)
"""Places in the paper, in its order; the last is that of figures which it does not have."""

RATIO_SAMPLES = [ratio_sample("test", ratio) for ratio in TABLE1_RATIOS]
"""Samples at the ratios of table 1."""

Values = dict[str, object]


@dataclass(frozen=True)
class Published:
    """A figure of one experiment on the page of published results.

    Attributes
    ----------
    role : {"training", "honest", "challenge"}
        Which of the published experiments it is from.
    words : str
        What it is.
    beside : bool
        Whether the paper has no such figure at its place.
    """

    role: str
    words: str
    beside: bool = False


def _nothing(experiment: Experiment) -> Values:
    return {}


def _always(experiment: Experiment) -> bool:
    return True


def _once(experiment: Experiment) -> list[Values]:
    return [{}]


@dataclass(frozen=True)
class Figure:
    """One figure, or several that differ by the wildcards in their file's name.

    Attributes
    ----------
    name : str
        The rule is called ``plot_<name>``, the caption ``<name>.rst``.
    section : str
        One of `SECTIONS`.
    title : str
        What it is called in a list.
    draw : str
        Module and function that draw it, ``package.module:function``. The function takes what
        ``inputs`` and ``params`` give, and ``png`` and ``pdf``.
    inputs : callable
        From (experiment, **wildcards) to files by name: a path or a list of paths.
    params : callable
        From (experiment, **wildcards) to plain values by name.
    when : callable
        From the experiment to whether it has this figure.
    file : str
        Stem of its files, with wildcards; empty for ``name``.
    instances : callable
        From the experiment to the wildcards of each of its files.
    labels : mapping
        What tells its files apart in Snakemake's own report, with wildcards.
    paper : str
        Its place in the paper, one of `PAPER_PLACES`.
    published : sequence of Published
        Where `make published` shows it.
    is_to_judge : bool
        Whether it is what a person judges clusters by.
    """

    name: str
    section: str
    title: str
    draw: str
    inputs: Callable[..., Values] = _nothing
    params: Callable[..., Values] = _nothing
    when: Callable[[Experiment], bool] = _always
    file: str = ""
    instances: Callable[[Experiment], Sequence[Mapping[str, object]]] = _once
    labels: Mapping[str, str] = field(default_factory=dict)
    paper: str = ""
    published: Sequence[Published] = ()
    is_to_judge: bool = False

    @property
    def stem(self) -> str:
        """Stem of its files, with wildcards."""
        return self.file or self.name

    @property
    def module(self) -> str:
        """The module that draws it."""
        return self.draw.partition(":")[0]

    @property
    def job(self) -> str:
        """Name of its log and benchmark, with wildcards."""
        wildcards = [field for _, field, _, _ in string.Formatter().parse(self.stem) if field]
        return "_".join([f"plot_{self.name}", *(f"{{{name}}}" for name in wildcards)])

    def paths(self, experiment: Experiment) -> list[str]:
        """Return the PNGs that an experiment has of it."""
        if not self.when(experiment):
            return []
        stems = [self.stem.format(**wildcards) for wildcards in self.instances(experiment)]
        return [experiment.figure_path(stem) for stem in stems]


def figure_paths(experiment: Experiment) -> list[str]:
    """Return the PNGs of all figures of an experiment, in the order of the report."""
    return [path for figure in FIGURES for path in figure.paths(experiment)]


def published_figures() -> list[tuple[str, str, str]]:
    """Return role, name and title of the published figures, in the order of the paper."""
    shown = [(figure, one) for figure in FIGURES for one in figure.published]
    shown.sort(key=lambda pair: (PAPER_PLACES.index(pair[0].paper), pair[1].beside))
    return [(one.role, figure.name, _published_title(figure, one)) for figure, one in shown]


def _published_title(figure: Figure, shown: Published) -> str:
    if not figure.paper:
        return shown.words
    return f"{'Beside ' if shown.beside else ''}{figure.paper}: {shown.words}"


# --- when ---------------------------------------------------------------------------------------


def _labelled(experiment: Experiment) -> bool:
    return experiment.is_labelled and bool(experiment.probabilities)


def _has_truth(experiment: Experiment) -> bool:
    """Whether true classes are known of objects that are ranked."""
    return bool(experiment.labelled_datasets)


def _has_verdicts(experiment: Experiment) -> bool:
    """Whether clusters are judged, and by verdicts: true fractions are not 0, 0.5 or 1."""
    judgement = experiment.judgement
    return judgement.gives_probabilities and judgement.name != TRUE_FRACTIONS


def _follows_paper(experiment: Experiment) -> bool:
    return experiment.protocol == "paper"


def _table1(experiment: Experiment) -> bool:
    return experiment.is_labelled and _follows_paper(experiment)


def _denoised(experiment: Experiment) -> bool:
    return experiment.denoises


# --- instances ----------------------------------------------------------------------------------


def _headline_runs(experiment: Experiment) -> list[Values]:
    return [
        {"scale": run.scale, "features": run.n_features, "run": run.run}
        for run in experiment.headline_runs
    ]


def _runs_to_judge(experiment: Experiment) -> list[Values]:
    """Return every run that a person is to judge, else the first for whoever wants to look."""
    by_table = [name for name in experiment.settings["labels"] if JUDGEMENTS[name].table_key]
    return _headline_runs(experiment)[: None if by_table else 1]


def _candidate_datasets(experiment: Experiment) -> list[Values]:
    return [{"dataset": name} for name in experiment.candidate_datasets]


def _completeness_datasets(experiment: Experiment) -> list[Values]:
    return [{"dataset": name} for name in experiment.completeness_datasets]


# --- inputs -------------------------------------------------------------------------------------


def _tables(*names: str) -> Callable[[Experiment], Values]:
    """Return the inputs of a figure of tables of the whole experiment, under their names."""
    return lambda experiment: {name: experiment.table_path(name) for name in names}


def _clusters_of(experiment: Experiment, run: Run) -> Values:
    """Return what shows the members of a run's clusters."""
    return {
        "embeddings": experiment.embedding_paths(run, "train"),
        "mixture": experiment.mixture_path(run),
        "stacks": experiment.stack_paths(run.scale, experiment.encoder.input_stage, "train"),
    }


def _sheet(experiment: Experiment, scale: str, features: object, run: object) -> Values:
    return _clusters_of(experiment, Run(scale, int(features), int(run)))


def _headline_clusters(experiment: Experiment) -> Values:
    return _clusters_of(experiment, experiment.headline_runs[0])


def _source_paths(experiment: Experiment) -> list[str]:
    """Return the image shards that hold the sources alone, where the dataset keeps them."""
    return experiment.dataset.image_paths if experiment.dataset.keeps_sources else []


def _lens_clusters(experiment: Experiment) -> Values:
    return {**_headline_clusters(experiment), "shards": _source_paths(experiment)}


def _judged_clusters(experiment: Experiment) -> Values:
    run, judgement = experiment.headline_runs[0], experiment.judgement.name
    labels = experiment.cluster_labels_path(run, judgement)
    return {**_headline_clusters(experiment), "labels": labels}


def _source_clusters(experiment: Experiment) -> Values:
    run = experiment.appendix_runs[0]
    return {
        "embeddings": experiment.source_embedding_paths(run),
        "mixture": experiment.run_path(run, "sources/mixture.h5"),
        "shards": _source_paths(experiment),
    }


def _dataset_images(experiment: Experiment) -> Values:
    return {"index": experiment.dataset.index_path, "shards": experiment.dataset.image_paths}


def _candidate_images(experiment: Experiment, dataset: str) -> Values:
    return {
        "candidates": experiment.candidates_path(dataset),
        "shards": experiment.sample_dataset(experiment.candidate_sample(dataset)).image_paths,
    }


def _injected_completeness(experiment: Experiment, dataset: str) -> Values:
    return {"completeness": experiment.injected_path("completeness", dataset)}


def _injected_images(experiment: Experiment, dataset: str) -> Values:
    return {"shards": experiment.injected_image_paths(dataset)}


def _indices(experiment: Experiment) -> Values:
    return {"indices": [dataset.index_path for dataset in experiment.labelled_datasets]}


def _headline_stacks(experiment: Experiment) -> Values:
    scale = experiment.model["scale"]
    stages = {"raw": "stacks", "denoised": "denoised"}
    return {name: experiment.stack_paths(scale, stage, "train") for name, stage in stages.items()}


def _histories(experiment: Experiment) -> Values:
    return {"histories": [history.path for history in experiment.histories]}


# --- params -------------------------------------------------------------------------------------


def _candidate_words(experiment: Experiment, dataset: str) -> Values:
    kind = experiment.sample_dataset(experiment.candidate_sample(dataset)).kind
    judgement = experiment.judgement.name
    return {**_scaling(experiment), "judgement": judgement, "pixel_arcsec": kind.pixel_arcsec}


def _seed(experiment: Experiment) -> Values:
    return {"seed": experiment.config["seed"]}


def _ranked_by(experiment: Experiment) -> Values:
    return {"judgement": experiment.ranked_by(experiment.headline_sample)}


def _judgement(experiment: Experiment) -> Values:
    return {"judgement": experiment.judgement.name}


def _scaling(experiment: Experiment) -> Values:
    return {"scaling": experiment.shown_scale}


def _kind(kind: str) -> Callable[[Experiment], Values]:
    return lambda experiment: {"kind": kind, **_seed(experiment)}


def _shown_rows(experiment: Experiment, **others: object) -> Values:
    """Return which rows of the headline model a figure shows, by the judgement that counts."""
    return {**experiment.model, **others, "labels": experiment.judgement.name}


def _history_names(experiment: Experiment) -> Values:
    histories = experiment.histories
    return {
        "networks": [history.network for history in histories],
        "names": [history.name for history in histories],
    }


_TRUE_FRACTIONS_UNCUT = {"labels": TRUE_FRACTIONS, "cut": UNCUT}
_SHEETS = "{scale}_features_{features}_run_{run}"
_MODEL = {"model": "{scale}, {features} features, run {run}"}

FIGURES = (
    Figure(
        name="label_methods",
        section=RESULTS,
        title="label methods",
        draw="lensflow.figures.label_methods:label_methods",
        inputs=_tables("roc", "metrics_summary"),
        params=lambda e: {"where": {**e.model, "sample": e.paper_sample, "cut": UNCUT}},
        when=_labelled,
        paper="Fig. 8",
        published=(
            Published("training", "known fraction and assumed probability"),
            Published("honest", "held-out objects, both classes augmented alike", beside=True),
        ),
    ),
    Figure(
        name="rates",
        section=RESULTS,
        title="survey rates",
        draw="lensflow.figures.rates:rate_curves",
        inputs=_tables("rates"),
        params=_ranked_by,
        when=_has_truth,
    ),
    Figure(
        name="missed",
        section=RESULTS,
        title="what is missed",
        draw="lensflow.figures.missed:missed_lenses",
        inputs=_tables("missed"),
        params=_ranked_by,
        when=_has_truth,
    ),
    Figure(
        name="calibration",
        section=RESULTS,
        title="calibration",
        draw="lensflow.figures.calibration:reliability_curves",
        inputs=_tables("calibration"),
        params=_ranked_by,
        when=lambda e: _has_truth(e) and bool(e.probabilities),
    ),
    Figure(
        name="null",
        section=RESULTS,
        title="null",
        draw="lensflow.figures.null:null_distribution",
        inputs=_tables("null", "metrics"),
        params=lambda e: {
            "where": {**e.model, "sample": e.headline_sample, **_TRUE_FRACTIONS_UNCUT}
        },
        when=_labelled,
        published=(Published("training", "The null: shuffled labels"),),
    ),
    Figure(
        name="baselines",
        section=RESULTS,
        title="baselines",
        draw="lensflow.figures.baselines:baseline_comparison",
        inputs=_tables("metrics", "baselines"),
        params=lambda e: {
            "where": {**e.model, "sample": e.headline_sample, **_TRUE_FRACTIONS_UNCUT},
            "encoder": e.encoder.title,
        },
        when=lambda e: e.is_labelled and e.settings["baselines"] and TRUE_FRACTIONS in e.judgements,
        published=(Published("training", "Principal components in place of the autoencoder"),),
    ),
    Figure(
        name="confusion",
        section=RESULTS,
        title="confusion",
        draw="lensflow.figures.confusion:confusion_matrix",
        inputs=_tables("metrics"),
        params=lambda e: {"where": _shown_rows(e, sample="train", cut=UNCUT)},
        when=_labelled,
        paper="Fig. 9",
        published=(Published("training", "confusion matrix of the training sample"),),
    ),
    Figure(
        name="confusion_rare",
        section=RESULTS,
        title="confusion rare",
        draw="lensflow.figures.confusion:confusion_matrix",
        inputs=_tables("metrics"),
        params=lambda e: {"where": _shown_rows(e, sample=RATIO_SAMPLES[-1], cut=UNCUT)},
        when=_table1,
        paper="Fig. 14",
        published=(Published("training", "confusion matrix at 0.01 % lenses"),),
    ),
    Figure(
        name="roc_cut",
        section=RESULTS,
        title="roc cut",
        draw="lensflow.figures.roc:roc_curves",
        inputs=_tables("roc", "metrics_summary"),
        params=lambda e: {"compare": "cut", "where": _shown_rows(e, sample=e.cut_sample)},
        when=_labelled,
        paper="Fig. 16",
        published=(Published("challenge", "ROC before and after the cut"),),
    ),
    Figure(
        name="roc_ratios",
        section=RESULTS,
        title="roc ratios",
        draw="lensflow.figures.roc:roc_curves",
        inputs=_tables("roc", "metrics_summary"),
        params=lambda e: {
            "compare": "sample",
            "where": _shown_rows(e, cut=UNCUT),
            "values": RATIO_SAMPLES,
        },
        when=_table1,
        paper="Fig. 13",
        published=(Published("training", "ROC of the test sets of table 1"),),
    ),
    Figure(
        name="ranking",
        section=RESULTS,
        title="ranking",
        draw="lensflow.figures.ranking:ranking_curves",
        inputs=lambda e: {"scores": e.headline_paths("scores_test.csv")},
        params=lambda e: {
            "judgement": e.judgement.name,
            "ratios": list(TABLE1_RATIOS),
            **_seed(e),
        },
        when=lambda e: _table1(e) and bool(e.probabilities),
        paper="Fig. 13",
        published=(Published("training", "what a ROC does not show", beside=True),),
    ),
    Figure(
        name="auc_features",
        section=RESULTS,
        title="auc features",
        draw="lensflow.figures.auc_features:auc_by_features",
        inputs=_tables("metrics_summary"),
        params=lambda e: {
            "where": {"sample": e.paper_sample, "cut": UNCUT, "labels": e.judgement.name}
        },
        when=lambda e: e.is_labelled and len(e.settings["n_features"]) > 1,
        paper="Fig. 7",
        published=(Published("training", "AUC against the number of features"),),
    ),
    Figure(
        name="table2",
        section=RESULTS,
        title="table 2",
        draw="lensflow.figures.table2:method_table",
        inputs=_tables("table2"),
        when=lambda e: bool(e.settings["compare_paper"]),
        paper="Table 2",
        published=(Published("training", "the challenge's methods and ours"),),
    ),
    Figure(
        name="cluster_sheet_unlabelled",
        section=CLUSTERS,
        title="clusters to judge",
        draw="lensflow.figures.cluster_sheet:cluster_sheet",
        inputs=_sheet,
        params=lambda e, **run: {"labelled": False, **_seed(e)},
        file=f"clusters_unlabelled_{_SHEETS}",
        instances=_runs_to_judge,
        labels=_MODEL,
        is_to_judge=True,
    ),
    Figure(
        name="cluster_sheet",
        section=CLUSTERS,
        title="clusters",
        draw="lensflow.figures.cluster_sheet:cluster_sheet",
        inputs=_sheet,
        params=lambda e, **run: {"labelled": True, **_seed(e)},
        when=_labelled,
        file=f"clusters_{_SHEETS}",
        instances=_headline_runs,
        labels=_MODEL,
    ),
    Figure(
        name="clusters_lens",
        section=CLUSTERS,
        title="clusters lens",
        draw="lensflow.figures.cluster_columns:cluster_columns",
        inputs=_lens_clusters,
        params=_kind("lens"),
        when=_labelled,
        paper="Fig. 10",
        published=(Published("training", "clusters with many lenses"),),
    ),
    Figure(
        name="clusters_non_lens",
        section=CLUSTERS,
        title="clusters non lens",
        draw="lensflow.figures.cluster_columns:cluster_columns",
        inputs=_headline_clusters,
        params=_kind("non_lens"),
        when=_labelled,
        paper="Fig. 11",
        published=(Published("training", "clusters with many non-lenses"),),
    ),
    Figure(
        name="clusters_uncertain",
        section=CLUSTERS,
        title="clusters uncertain",
        draw="lensflow.figures.cluster_columns:cluster_columns",
        inputs=_headline_clusters,
        params=_kind("uncertain"),
        when=_labelled,
        paper="Fig. 12",
        published=(Published("training", "uncertain clusters"),),
    ),
    Figure(
        name="judged_examples",
        section=CLUSTERS,
        title="judged examples",
        draw="lensflow.figures.judged_examples:judged_examples",
        inputs=_judged_clusters,
        params=lambda e: {
            **_judgement(e),
            "prior": e.settings["prior"],
            **_seed(e),
        },
        when=lambda e: e.is_labelled and _has_verdicts(e),
        paper="Fig. 5",
        published=(Published("training", "clusters judged 0, 0.5 and 1"),),
    ),
    Figure(
        name="clusters_sources",
        section=CLUSTERS,
        title="clusters sources",
        draw="lensflow.figures.clusters_sources:source_columns",
        inputs=_source_clusters,
        params=_seed,
        when=lambda e: bool(e.settings["appendix_a"]),
        paper="Fig. A1",
        published=(Published("training", "clusters of the sources alone"),),
    ),
    Figure(
        name="candidates",
        section=CANDIDATES,
        title="candidates",
        draw="lensflow.figures.candidates:candidate_sheet",
        inputs=_candidate_images,
        params=_candidate_words,
        file="candidates_{dataset}",
        instances=_candidate_datasets,
        labels={"dataset": "{dataset}"},
    ),
    Figure(
        name="injected_completeness",
        section=CANDIDATES,
        title="completeness over injected sources",
        draw="lensflow.figures.injected:injected_completeness",
        inputs=_injected_completeness,
        params=lambda e, dataset: _judgement(e),
        file="injected_completeness_{dataset}",
        instances=_completeness_datasets,
        labels={"dataset": "{dataset}"},
    ),
    Figure(
        name="injected_examples",
        section=CANDIDATES,
        title="injected sources",
        draw="lensflow.figures.injected:injected_examples",
        inputs=_injected_images,
        params=lambda e, dataset: _scaling(e),
        file="injected_examples_{dataset}",
        instances=_completeness_datasets,
        labels={"dataset": "{dataset}"},
    ),
    Figure(
        name="class_examples",
        section=IMAGES,
        title="class examples",
        draw="lensflow.figures.class_examples:class_examples",
        inputs=_dataset_images,
        params=lambda e: {**_scaling(e), **_seed(e)},
        when=_labelled,
        paper="Fig. 3",
        published=(Published("training", "examples of the classes"),),
    ),
    Figure(
        name="populations",
        section=IMAGES,
        title="populations",
        draw="lensflow.figures.populations:population_comparison",
        inputs=_indices,
        params=lambda e: {"names": [dataset.name for dataset in e.labelled_datasets]},
        when=_labelled,
        paper="Fig. 15",
        published=(Published("training", "how visible the lenses of both sets are"),),
    ),
    Figure(
        name="denoising",
        section=IMAGES,
        title="denoising",
        draw="lensflow.figures.denoising:denoising_examples",
        inputs=_headline_stacks,
        params=_seed,
        when=_denoised,
        paper="Fig. 4",
        published=(Published("training", "before and after denoising"),),
    ),
    Figure(
        name="reconstructions",
        section=IMAGES,
        title="reconstructions",
        draw="lensflow.figures.reconstructions:reconstruction_examples",
        inputs=lambda e: {"examples": e.headline_path("examples_train.h5")},
        params=_seed,
        when=_denoised,
    ),
    Figure(
        name="training",
        section=IMAGES,
        title="training",
        draw="lensflow.figures.training:training_curves",
        inputs=_histories,
        params=_history_names,
        when=lambda e: bool(e.histories),
    ),
    Figure(
        name="architecture",
        section=IMAGES,
        title="architecture",
        draw="lensflow.figures.architecture:architecture",
        params=lambda e: {
            "preset": e.preset,
            "n_features": e.model["n_features"],
            "n_bands": max(1, len(e.dataset.bands)),
        },
        when=_denoised,
        paper="Fig. 1",
        published=(Published("training", "the feature autoencoder"),),
    ),
    Figure(
        name="mixture_illustration",
        section=IMAGES,
        title="mixture illustration",
        draw="lensflow.figures.mixture_illustration:mixture_illustration",
        params=_seed,
        when=_follows_paper,
        paper="Fig. 2",
        published=(Published("training", "a mixture in two dimensions"),),
    ),
)
