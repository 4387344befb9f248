"""Checks that choices agree: within a preset, within an experiment, and with its datasets.

Each check yields a sentence a mistake.
"""

from collections.abc import Iterator, Mapping

from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.errors import ConfigError
from lensflow.experiment import Dataset, Experiment, Project
from lensflow.networks.presets import check_preset
from lensflow.prepare.scaling import SCALES
from lensflow.simulate.population import load
from lensflow.workflow.bands import check_same_bands
from lensflow.workflow.company import check_beside
from lensflow.workflow.labels import check_labels
from lensflow.workflow.sizes import check_sizes

PARTNER_PROTOCOLS = {"honest": "honest", "challenge": "unlabelled"}
"""The protocol of the experiments that an experiment is compared with, by role."""


def check_presets(config: Mapping) -> Iterator[str]:
    """Check that the layers of each preset fit each other, and that its networks are trained."""
    for name, preset in config["presets"].items():
        try:
            check_preset(preset)
        except ConfigError as error:
            yield f"config.presets.{name}: {error}"


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
        yield from check_sizes(where, experiment)
        yield from check_labels(where, experiment)


def _check_applied(where: str, experiment: Experiment) -> Iterator[str]:
    if experiment.dataset in experiment.applied:
        yield (
            f"{where}.apply_to names its own dataset {experiment.dataset.name!r}, whose objects "
            "it trained on; they are scored as the samples train and test. Remove it"
        )


def _check_same_objects(where: str, experiment: Experiment) -> Iterator[str]:
    """Check that none of the objects it trains on is in another dataset under another name.

    Nor may lenses that are injected be among what it is applied to. Of simulated objects it is
    known: an object is what its population and identifier say.
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

    for one in injected:
        for other in experiment.applied:
            if shared := _shared_objects(one, other):
                yield (
                    f"{where}.injections names {one.name!r}, whose objects {shared[0]} to "
                    f"{shared[-1]} are those of {other.name!r} in its apply_to: lenses would be "
                    "ranked by clusters that they themselves have judged; expected other objects. "
                    "Inject a dataset of another first_id"
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
