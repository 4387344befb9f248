"""What a schema cannot say of a configuration: names that must exist, choices that must agree.

Each check yields a sentence a mistake. They run on a configuration that the schema has accepted and
whose defaults are filled.
"""

import os
import string
from collections.abc import Iterator, Mapping

from lensflow.cluster.judgements import JUDGEMENTS, Judgement
from lensflow.errors import ConfigError
from lensflow.evaluate.resampling import drawn_from
from lensflow.experiment import Dataset, Experiment, Project
from lensflow.ingest.names import refused_columns
from lensflow.ingest.patterns import file_matcher, identifier
from lensflow.networks.presets import check_preset
from lensflow.prepare.counts import ROTATIONS, paper_counts
from lensflow.prepare.scaling import SCALES
from lensflow.simulate.population import load
from lensflow.workflow.bands import check_same_bands
from lensflow.workflow.company import check_beside
from lensflow.workflow.recipes import REFERENCES
from lensflow.workflow.schema import suggestion

# Names that would collide with a sample or with a file or folder in results/, or that readers of
# tables take for an empty cell.
RESERVED_NAMES = frozenset(
    [
        *("train", "test", "data", "all", "benchmarks", "logs", "backups", "report", "published"),
        *("NA", "NULL", "NaN", "None", "nan", "null"),
    ]
)

CUTOUTS = "_cutouts"
"""What the cutouts of a dataset's candidates have behind its name."""

PARTNER_PROTOCOLS = {"honest": "honest", "challenge": "unlabelled"}
"""The protocol of the experiments that an experiment is compared with, by role."""


def check_names(config: Mapping) -> Iterator[str]:
    """Check that no dataset or experiment takes a name that means something else."""
    for section in ("datasets", "experiments"):
        for name in sorted(RESERVED_NAMES & set(config[section])):
            yield (
                f"the {section[:-1]} name {name!r} is reserved; choose another than "
                f"{sorted(RESERVED_NAMES)}"
            )
    for name in sorted(set(config["datasets"]) & set(config["experiments"])):
        yield f"{name!r} names both a dataset and an experiment; rename one of them"
    for name in sorted(name for name in config["datasets"] if name + CUTOUTS in config["datasets"]):
        yield (
            f"the dataset name {name + CUTOUTS!r} is that of the cutouts of the candidates of "
            f"{name!r} too; rename one of the two datasets"
        )
    for name in sorted(name for name in config["datasets"] if drawn_from(name) != name):
        yield (
            f"the dataset name {name!r} is that of a sample {drawn_from(name)!r} drawn at another "
            "ratio of lenses; choose one that does not end so"
        )


def check_references(config: Mapping, known: Mapping) -> Iterator[str]:
    """Check that what is named exists.

    Parameters
    ----------
    config : mapping
        The configuration.
    known : mapping
        The same with all recipes: what could have been named.
    """
    for experiment, settings in config["experiments"].items():
        for key, section in REFERENCES.items():
            where = f"config.experiments.{experiment}.{key}"
            for place, name in _named(where, settings[key]):
                yield from _unknown(place, name, known[section])
    for name in config["run"]:
        yield from _unknown("config.run", name, known["experiments"])


def _named(where: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield the names in a value of the configuration, each with its place."""
    if isinstance(value, dict):
        yield from ((f"{where}.{key}", name) for key, name in value.items() if name is not None)
    elif value is not None:
        yield from ((where, name) for name in (value if isinstance(value, list) else [value]))


def _unknown(where: str, name: str, known: Mapping) -> Iterator[str]:
    if name not in known:
        names = sorted(known)
        yield f"{where} names {name!r}; known are {names}.{suggestion(name, names)}"


def check_presets(config: Mapping) -> Iterator[str]:
    """Check that the layers of each preset fit each other, and that its networks are trained."""
    for name, preset in config["presets"].items():
        try:
            check_preset(preset)
        except ConfigError as error:
            yield f"config.presets.{name}: {error}"


def check_datasets(config: Mapping) -> Iterator[str]:
    """Check how the files of each dataset are found and called, and what columns are named."""
    for dataset in Project(config).datasets.values():
        layouts = dataset.kind.layouts(dataset.entry)
        checked = [(file_matcher, layout.pattern) for layout in layouts]
        for check, pattern in (*checked, (identifier, layouts[0].id_pattern)):
            try:
                check(pattern)
            except ConfigError as error:
                yield f"config.datasets.{dataset.name}: {error}"
        yield from _check_columns(f"config.datasets.{dataset.name}", dataset.entry)


def _check_columns(where: str, entry: Mapping) -> Iterator[str]:
    """Check the columns of a table of objects that are named."""
    for column, reason in refused_columns(entry.get("keep") or ()):
        yield f"{where}.keep holds {column!r}, which cannot be kept: {reason}; remove it"
    named = entry.get("columns") or {}
    if len({*named.values()}) < len(named):
        yield f"{where}.columns is {named}; expected another column for each"


def check_experiments(config: Mapping) -> Iterator[str]:
    """Check that the choices of each experiment agree; all names in them exist."""
    for experiment in Project(config).experiments.values():
        where = f"config.experiments.{experiment.name}"
        yield from _check_applied(where, experiment)
        yield from _check_same_objects(where, experiment)
        yield from _check_scales(where, experiment)
        yield from _check_denoised(where, experiment)
        yield from _check_injections(where, experiment)
        yield from _check_raw(where, experiment)
        yield from _check_headline(where, experiment)
        yield from _check_appendix(where, experiment)
        yield from _check_comparison(where, experiment)
        yield from check_beside(where, experiment)
        yield from check_same_bands(where, experiment)
        yield from _check_sizes(where, experiment)
        yield from _check_features(where, experiment)
        if problems := list(_check_labels(where, experiment)):
            # Which tables are missing is another question once the labels are mended.
            yield from problems
            continue
        yield from _check_judged(where, experiment)
        for judgement in JUDGEMENTS.values():
            if judgement.table_key:
                yield from _check_table(where, experiment, judgement)


def _check_applied(where: str, experiment: Experiment) -> Iterator[str]:
    if experiment.dataset in experiment.applied:
        yield (
            f"{where}.apply_to names its own dataset {experiment.dataset.name!r}, whose objects "
            "it trained on; they are scored as the samples train and test. Remove it"
        )


def _check_same_objects(where: str, experiment: Experiment) -> Iterator[str]:
    """Check that none of the objects it trains on is in another dataset under another name.

    Of simulated ones it is known: an object is what its population and identifier say.
    """
    own = experiment.dataset
    injected = [
        each for each in experiment.datasets if each.name == experiment.settings["injections"]
    ]
    for key, others in (("apply_to", experiment.applied), ("injections", injected)):
        for other in others:
            if other != own and (shared := _shared_objects(own, other)):
                yield (
                    f"{where}.{key} names {other.name!r}, whose objects {shared[0]} to "
                    f"{shared[-1]} are those of {own.name!r}, which it trains on; expected other "
                    f"objects. Set the first_id of {other.name!r} to "
                    f"{own.entry['first_id'] + own.entry['n_objects']} or more"
                )


def _shared_objects(one: Dataset, other: Dataset) -> range:
    """Return the identifiers of the simulated objects that are in both datasets."""
    if not (one.is_simulated and other.is_simulated):
        return range(0)
    entries = one.entry, other.entry
    if len({load(entry["population"]).objects_of for entry in entries}) > 1:
        return range(0)
    ends = [entry["first_id"] + entry["n_objects"] for entry in entries]
    return range(max(entry["first_id"] for entry in entries), min(ends))


def _check_scales(where: str, experiment: Experiment) -> Iterator[str]:
    allowed = experiment.encoder.scales
    if others := [scale for scale in experiment.scales if scale not in allowed]:
        yield (
            f"{where}.scales holds {others}, but the encoder {experiment.encoder.name!r} of its "
            f"preset sees images on the scale {' or '.join(allowed)}; use scales: [{allowed[0]}]"
        )


def _check_denoised(where: str, experiment: Experiment) -> Iterator[str]:
    for dataset in experiment.datasets:
        if dataset.is_denoised and any(SCALES[scale].needs_sky for scale in experiment.scales):
            yield (
                f"{where}.scales is {experiment.scales}, but the dataset {dataset.name!r} is "
                "already denoised and linear, so it has no sky noise to take a logarithm with; "
                "expected scales: [linear]"
            )


def _check_labels(where: str, experiment: Experiment) -> Iterator[str]:
    if experiment.is_labelled:
        return
    missing = f"but the dataset {experiment.dataset.name!r} has no catalogue"
    labels = experiment.settings["labels"]
    if needs := sorted(name for name in labels if JUDGEMENTS[name].needs_labels):
        # Injected lenses need a dataset of their own.
        others = [j.name for j in JUDGEMENTS.values() if not (j.needs_labels or j.is_injected)]
        yield (
            f"{where}.labels holds {needs}, which need true labels, {missing}; "
            f"use labels: [{', '.join(others)}]{_tables_needed(others)}"
        )
    if experiment.protocol != "unlabelled":
        yield (
            f"{where}.protocol is {experiment.protocol!r}, which needs labels, {missing}; "
            "use protocol: unlabelled"
        )


def _check_judged(where: str, experiment: Experiment) -> Iterator[str]:
    """Check that nothing works on lens probabilities where no judgement will ever give any.

    A person who is waited for will.
    """
    settings, spread = experiment.settings, experiment.settings["mixture"]["spread"]
    if any(JUDGEMENTS[name].gives_probabilities for name in settings["labels"]):
        return
    wanted = [
        (f"beside is {settings['beside']}", settings["beside"], "leave it out"),
        (f"mixture.spread is {spread}", spread, "leave it out"),
        (
            f"preset is {settings['preset']!r}, which has a student",
            experiment.students,
            "take a preset without",
        ),
    ]
    for said, is_wanted, otherwise in wanted:
        if is_wanted:
            yield (
                f"{where}.{said}, but labels: {settings['labels']} gives no lens probability for "
                f"it to work on; expected a judgement that does. Add person, with person_labels: "
                f"the path of the table, which may be filled in later, or {otherwise}"
            )


def _tables_needed(names: list[str]) -> str:
    keys = [JUDGEMENTS[name].table_key for name in names if JUDGEMENTS[name].table_key]
    return "".join(f", with {key}: the path of the table that is to be filled in" for key in keys)


def _check_sizes(where: str, experiment: Experiment) -> Iterator[str]:
    """Check that there are images enough, as far as their number is known beforehand."""
    known, images = experiment.dataset.most_objects, _most_training_images(experiment)
    protocol, fraction = experiment.protocol, experiment.settings["fraction"]
    needed = 0 if protocol == "unlabelled" else sum(paper_counts(fraction).values())
    if known is not None and needed > known:
        yield (
            f"{where}.fraction is {fraction}, for which the protocol "
            f"{protocol} needs {needed} objects, but the dataset {experiment.dataset.name!r} has "
            f"at most {known}; use a smaller fraction or more objects"
        )
    if needed and holds_lenses_alone(experiment.dataset):
        yield (
            f"{where}.protocol is {protocol!r}, which needs {_non_lenses(fraction)} non-lenses "
            f"(fraction {fraction} of the paper's counts), but the dataset "
            f"{experiment.dataset.name!r} has 0: its population "
            f"{experiment.dataset.entry['population']!r} is of lenses alone. Take another "
            "population, or protocol: unlabelled"
        )
    clusters = experiment.most_components
    if images is not None and clusters > images:
        yield (
            f"{where}.mixture.n_components is {clusters} (the number of features unless it is "
            f"given), but there are at most {images} training images; expected fewer clusters "
            "than images"
        )
    shards = experiment.settings["shards"]
    if images is not None and shards > images:
        yield (
            f"{where}.shards is {shards}, but there are at most {images} training images; expected "
            "an image in each shard at least. Use fewer shards, or more images"
        )


def _non_lenses(fraction: float) -> int:
    return sum(count for (_, is_lens), count in paper_counts(fraction).items() if not is_lens)


def _most_training_images(experiment: Experiment) -> int | None:
    """Return how many images it trains on at most; None where nobody knows beforehand."""
    if experiment.protocol == "unlabelled":
        return experiment.dataset.most_objects
    counts = paper_counts(experiment.settings["fraction"])
    return counts["train", 1] + ROTATIONS * counts["train", 0]


def _check_features(where: str, experiment: Experiment) -> Iterator[str]:
    """Check that the encoder can make so many features, as far as that is known beforehand."""
    encoder, wanted = experiment.encoder, max(experiment.settings["n_features"])
    if encoder.most_features is not None and wanted > encoder.most_features:
        yield (
            f"{where}.n_features holds {wanted}, but the {encoder.title} of its preset makes at "
            f"most {encoder.most_features}; expected fewer"
        )
    pixels = experiment.preset["image_size"] ** 2 * max(1, len(experiment.dataset.bands))
    if wanted > pixels:
        yield (
            f"{where}.n_features holds {wanted}, but its images have {pixels} pixels in all; "
            "expected fewer features, or a preset of a larger image_size"
        )
    images = _most_training_images(experiment)
    if not encoder.is_network and images is not None and wanted >= images:
        yield (
            f"{where}.n_features holds {wanted}, but there are at most {images} training images, "
            f"and the {encoder.title} makes fewer features than it is fitted to images; expected "
            "fewer features, or more images"
        )


def _check_injections(where: str, experiment: Experiment) -> Iterator[str]:
    name, labels = experiment.settings["injections"], experiment.settings["labels"]
    wanted = [label for label in labels if JUDGEMENTS[label].is_injected]
    if bool(wanted) != (name is not None):
        names = [judgement.name for judgement in JUDGEMENTS.values() if judgement.is_injected]
        yield (
            f"{where}.labels is {labels} and injections is {name!r}; give both `{names[0]}` and "
            "the name of a simulated dataset whose lenses are injected, or neither"
        )
    elif name is not None:
        (dataset,) = [each for each in experiment.datasets if each.name == name]
        if not dataset.is_simulated or dataset == experiment.dataset:
            yield (
                f"{where}.injections names {name!r}; expected a dataset of kind simulate, other "
                "than the one the experiment trains on"
            )


def _check_raw(where: str, experiment: Experiment) -> Iterator[str]:
    """Check that simulated images, flux with its noise, are put among such as are that too."""
    names = {"hidden": experiment.candidate_datasets, "injections": [experiment.dataset.name]}
    for key, among in names.items():
        for dataset in map(experiment.sample_dataset, among if experiment.settings[key] else ()):
            if (state := dataset.entry.get("state", "raw")) != "raw":
                yield (
                    f"{where}.{key} puts simulated images, which are flux with its noise, among "
                    f"those of {dataset.name!r}, which are {state}: they are told apart at once; "
                    f"expected a dataset of state: raw. Set {key}: null"
                )


def _check_headline(where: str, experiment: Experiment) -> Iterator[str]:
    for key, choices in (("scale", "scales"), ("n_features", "n_features")):
        allowed = experiment.settings[choices]
        chosen = (experiment.settings["headline"] or {}).get(key, allowed[0])
        if chosen not in allowed:
            yield (
                f"{where}.headline.{key} is {chosen!r}; expected one of the experiment's "
                f"{choices}, {allowed}"
            )


def _check_appendix(where: str, experiment: Experiment) -> Iterator[str]:
    wanted, n_features = experiment.settings["appendix_a"], experiment.settings["n_features"]
    if wanted is None:
        return
    if not experiment.dataset.keeps_sources:
        yield (
            f"{where}.appendix_a needs the images of the sources alone, which the dataset "
            f"{experiment.dataset.name!r} does not keep; set its source_images: true, or "
            "appendix_a: null"
        )
    if not experiment.denoises:
        yield (
            f"{where}.appendix_a is about the paper's autoencoder, but the encoder is "
            f"{experiment.encoder.name!r}; set appendix_a: null"
        )
    if "linear" not in experiment.scales:
        yield (
            f"{where}.appendix_a uses the networks of the linear scale, but scales is "
            f"{experiment.scales}; expected linear among them, or appendix_a: null"
        )
    if wanted["n_features"] not in (None, *n_features):
        yield (
            f"{where}.appendix_a.n_features is {wanted['n_features']}; expected one of the "
            f"experiment's n_features, {n_features}, or null"
        )


def _check_comparison(where: str, experiment: Experiment) -> Iterator[str]:
    wanted = experiment.settings["compare_paper"]
    if wanted is None:
        return
    if experiment.protocol != "paper":
        yield (
            f"{where}.compare_paper is for an experiment of protocol paper, but protocol is "
            f"{experiment.protocol!r}; give the key to the experiment that is to be compared"
        )
    for role, protocol in PARTNER_PROTOCOLS.items():
        if wanted[role] is None:
            continue
        partner = Experiment(wanted[role], experiment.config)
        if partner.protocol != protocol:
            yield (
                f"{where}.compare_paper.{role} names {partner.name!r}, whose protocol is "
                f"{partner.protocol!r}; expected an experiment of protocol {protocol}"
            )


def _check_table(where: str, experiment: Experiment, judgement: Judgement) -> Iterator[str]:
    """Check the path of a judgement that comes from outside."""
    key, path = judgement.table_key, experiment.settings[judgement.table_key]
    labels = experiment.settings["labels"]
    if (judgement.name in labels) != (path is not None):
        yield (
            f"{where}.labels is {labels} and {key} is {path!r}; give both "
            f"`{judgement.name}` and the path of the filled table, or neither"
        )
    if path is not None:
        yield from _check_fields(f"{where}.{key}", path)


def _check_fields(where: str, path: str) -> Iterator[str]:
    try:
        parsed = list(string.Formatter().parse(path))
    except ValueError as error:
        yield (
            f"{where} is {path!r}, in which braces do not match ({error}); expected "
            "{scale}, {n_features}, {run}, and {{ or }} for a brace itself"
        )
        return
    fields = {field for _, field, _, _ in parsed if field is not None}
    if any(form or conversion for _, _, form, conversion in parsed):
        yield f"{where} is {path!r}; expected fields as they are, without : or !"
        return
    if unknown := sorted(fields - {"scale", "n_features", "run"}):
        yield f"{where} has {unknown}; expected {{scale}}, {{n_features}}, {{run}}"


def holds_lenses_alone(dataset: Dataset) -> bool:
    """Return whether every object of a dataset is a lens, as far as the configuration says.

    Parameters
    ----------
    dataset : Dataset
    """
    return dataset.is_simulated and load(dataset.entry["population"]).lens_fraction == 1.0


def check_sources(config: Mapping) -> Iterator[str]:
    """Check that what the chosen experiments read from outside exists.

    By ``os.path``, for which a name that is too long is just not there.
    """
    chosen = [dataset for experiment in Project(config).chosen for dataset in experiment.datasets]
    for name, dataset in {dataset.name: dataset for dataset in chosen}.items():
        yield from check_source(f"config.datasets.{name}", dataset)


def check_waited_for(config: Mapping) -> Iterator[str]:
    """Check that files of people that are waited for can still come: a folder or device cannot.

    Which these are is known of experiments whose choices agree, and whose headline is filled in.
    """
    for experiment in Project(config).chosen:
        tables = [path for paths in experiment.pending.values() for path in paths]
        for key, paths in (("grades", experiment.pending_grades), ("labels", tables)):
            for path in filter(os.path.exists, paths):
                yield (
                    f"config.experiments.{experiment.name}.{key}: {path!r} is no regular file; "
                    "expected the name of a file, which may be written later"
                )


def check_source(where: str, dataset: Dataset) -> Iterator[str]:
    """Check that what one dataset reads from outside exists.

    Parameters
    ----------
    where : str
        Its place in the configuration.
    dataset : Dataset
    """
    if not dataset.is_simulated and not os.path.isdir(dataset.entry["path"]):
        yield (
            f"{where}.path is {dataset.entry['path']!r}, which is no folder (looked in "
            "the working folder). Put or link the images there, or correct the path"
        )
    bands, band = dataset.entry.get("bands"), dataset.entry.get("band")
    if bands and band is not None and band not in bands:
        yield f"{where}.band is {band!r}; expected one of its bands, {bands}"
    for path in dataset.known_lenses_paths:
        if not os.path.isfile(path):
            yield f"{where}.known_lenses is {path!r}, which is no file; correct the path"
    catalogue = dataset.entry.get("catalogue")
    # Of a catalogue for each tile the names are known when the tiles are.
    if catalogue is not None and "{tile}" not in catalogue and not os.path.isfile(catalogue):
        yield f"{where}.catalogue is {catalogue!r}, which is no file; correct the path"
