"""The configuration: checked against a closed schema, completed with defaults, cross-checked.

Everything that can be wrong is said before any job runs, in terms of what was received, what was
expected and what to do.
"""

import copy
import difflib
import string
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from lensflow.errors import ConfigError
from lensflow.networks.presets import check_preset

SCHEMA_PATH = Path(__file__).resolve().parents[3] / "workflow/schemas/config.schema.yaml"

# Names that would collide with a sample or with a file or folder in results/.
RESERVED_NAMES = frozenset(
    ["train", "test", "data", "all", "benchmarks", "logs", "backups", "report", "published"]
)


def complete(config: dict) -> dict:
    """Check a configuration and fill in the defaults.

    Parameters
    ----------
    config : dict
        The parsed config.yaml.

    Returns
    -------
    dict
        A copy that holds every key of the schema.

    Raises
    ------
    ConfigError
        With every mistake that was found, one a line.
    """
    schema = yaml.safe_load(SCHEMA_PATH.read_text())
    config = copy.deepcopy(config)
    _fill(config, schema, schema, "config", problems := [])
    _raise(problems)
    _raise([*_check_names(config), *_check_references(config), *_check_presets(config)])
    _raise([*_check_experiments(config), *_check_run(config)])
    for experiment in config["experiments"].values():
        experiment["headline"] = experiment["headline"] or {
            "scale": experiment["scales"][0],
            "n_features": experiment["n_features"][-1],
        }
    return config


def _raise(problems: list[str]) -> None:
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise ConfigError(f"The configuration has {len(problems)} mistake(s):\n{lines}")


def _fill(value: Any, part: dict, schema: dict, where: str, problems: list[str]) -> None:
    """Validate ``value`` against ``part`` of the schema and fill defaults, top down."""
    if "$ref" in part:
        part = _definition(schema, part["$ref"])
    if where.startswith("config.datasets.") and where.count(".") == 2 and isinstance(value, dict):
        part = schema["$defs"].get(f"dataset_{value.get('kind')}", part)
    problems.extend(_own_problem(value, part, schema, where))
    if isinstance(value, dict):
        _fill_mapping(value, part, schema, where, problems)
    elif isinstance(value, list) and isinstance(part.get("items"), dict):
        for number, item in enumerate(value):
            _fill(item, part["items"], schema, f"{where}[{number}]", problems)


def _fill_mapping(value: dict, part: dict, schema: dict, where: str, problems: list[str]) -> None:
    properties = part.get("properties", {})
    for key, child in properties.items():
        resolved = _definition(schema, child["$ref"]) if "$ref" in child else child
        if key not in value and "default" in resolved:
            value[key] = copy.deepcopy(resolved["default"])
    others = part.get("additionalProperties")
    for key, item in value.items():
        child = properties.get(key, others)
        if isinstance(child, dict):
            _fill(item, child, schema, f"{where}.{key}", problems)


def _definition(schema: dict, reference: str) -> dict:
    return schema["$defs"][reference.removeprefix("#/$defs/")]


def _own_problem(value: Any, part: dict, schema: dict, where: str) -> list[str]:
    """Return what is wrong with ``value`` itself; its children are checked on their own."""
    shallow = {key: rule for key, rule in part.items() if key not in ("items", "properties")}
    if part.get("additionalProperties") is False:
        shallow["properties"] = dict.fromkeys(part.get("properties", {}), True)
    else:
        shallow.pop("additionalProperties", None)
    validator = Draft202012Validator({**shallow, "$defs": schema["$defs"]})
    return [_explain(error, part, where) for error in validator.iter_errors(value)]


def _explain(error: ValidationError, part: dict, where: str) -> str:
    """Turn a schema error into a sentence: where, received, expected, remedy."""
    received, rule = error.instance, error.validator_value
    if error.validator == "additionalProperties":
        return _explain_unknown(received, part, where)
    if error.validator == "required":
        missing = [key for key in rule if key not in received]
        return f"{where} lacks {_quoted(missing)}. Add: {_described(missing, part)}"
    if error.validator in ("enum", "const"):
        allowed = rule if error.validator == "enum" else [rule]
        return (
            f"{where} is {received!r}; expected one of {allowed}.{_suggest(received, allowed)} "
            f"{part.get('description', '')}".rstrip()
        )
    if error.validator == "type":
        kinds = [rule] if isinstance(rule, str) else rule
        return (
            f"{where} is {received!r} ({type(received).__name__}); expected {' or '.join(kinds)}: "
            f"{part.get('description', '')}"
        )
    if error.validator == "pattern":
        return (
            f"the name {received!r} in {where} is not allowed; expected letters, digits and "
            "underscores, beginning with a letter"
        )
    return f"{where} is {received!r}: {error.message}. {part.get('description', '')}".rstrip()


def _explain_unknown(received: dict, part: dict, where: str) -> str:
    known = sorted(part["properties"])
    unknown = sorted(str(key) for key in received if key not in part["properties"])
    hints = "".join(_suggest(key, known) for key in unknown)
    return f"{where} has unknown key(s) {_quoted(unknown)}; expected some of {known}.{hints}"


def _described(keys: list[str], part: dict) -> str:
    texts = (part.get("properties", {}).get(key, {}).get("description", "") for key in keys)
    return "; ".join(f"{key} ({text.rstrip('.')})" for key, text in zip(keys, texts, strict=True))


def _quoted(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _suggest(name: Any, known: list) -> str:
    near = difflib.get_close_matches(str(name), [str(k) for k in known], n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _check_names(config: dict):
    for kind in ("datasets", "experiments"):
        for name in config[kind]:
            if name in RESERVED_NAMES:
                yield (
                    f"the {kind[:-1]} name {name!r} is reserved; choose another than "
                    f"{sorted(RESERVED_NAMES)}"
                )
    for name in sorted(set(config["datasets"]) & set(config["experiments"])):
        yield f"{name!r} names both a dataset and an experiment; rename one of them"


def _check_references(config: dict):
    for name, experiment in config["experiments"].items():
        where = f"config.experiments.{name}"
        for key, known in (("dataset", "datasets"), ("preset", "presets")):
            if experiment[key] not in config[known]:
                yield _unknown(f"{where}.{key}", experiment[key], config[known])
        for dataset in experiment["apply_to"]:
            if dataset not in config["datasets"]:
                yield _unknown(f"{where}.apply_to", dataset, config["datasets"])
    for name in config["run"]:
        if name not in config["experiments"]:
            yield _unknown("config.run", name, config["experiments"])


def _unknown(where: str, name: str, known: dict) -> str:
    return f"{where} names {name!r}; known are {sorted(known)}.{_suggest(name, sorted(known))}"


def _check_presets(config: dict):
    for name, preset in config["presets"].items():
        try:
            check_preset(preset)
        except ConfigError as error:
            yield f"config.presets.{name}: {error}"


def _check_experiments(config: dict):
    for name, experiment in config["experiments"].items():
        where = f"config.experiments.{name}"
        yield from _check_denoised(where, experiment, config["datasets"])
        yield from _check_labels(where, experiment, config["datasets"])
        yield from _check_headline(where, experiment)
        yield from _check_appendix(where, experiment, config["datasets"])
        yield from _check_comparison(where, experiment, config["experiments"])
        if experiment["dataset"] in experiment["apply_to"]:
            yield (
                f"{where}.apply_to names its own dataset {experiment['dataset']!r}, whose objects "
                "it trained on; they are scored as the samples train and test. Remove it"
            )


def _check_denoised(where: str, experiment: dict, datasets: dict):
    for name in [experiment["dataset"], *experiment["apply_to"]]:
        if datasets[name].get("state") == "denoised" and experiment["scales"] != ["linear"]:
            yield (
                f"{where}.scales is {experiment['scales']}, but the dataset {name!r} is already "
                "denoised and linear, so it has no sky noise to take a logarithm with; "
                "expected scales: [linear]"
            )


def _check_labels(where: str, experiment: dict, datasets: dict):
    dataset = datasets[experiment["dataset"]]
    unlabelled = dataset["kind"] == "fits" and dataset.get("catalogue") is None
    needs = sorted({"known", "stand_in"} & set(experiment["labels"]))
    if unlabelled and needs:
        yield (
            f"{where}.labels holds {needs}, which need true labels, but the dataset "
            f"{experiment['dataset']!r} has no catalogue; use labels: [person]"
        )
    if unlabelled and experiment["protocol"] != "unlabelled":
        yield (
            f"{where}.protocol is {experiment['protocol']!r}, which needs labels, but the dataset "
            f"{experiment['dataset']!r} has no catalogue; use protocol: unlabelled"
        )
    yield from _check_person(where, experiment)


def _check_headline(where: str, experiment: dict):
    for key, choices in (("scale", "scales"), ("n_features", "n_features")):
        chosen = (experiment["headline"] or {}).get(key, experiment[choices][0])
        if chosen not in experiment[choices]:
            yield (
                f"{where}.headline.{key} is {chosen!r}; expected one of the experiment's "
                f"{choices}, {experiment[choices]}"
            )


def _check_appendix(where: str, experiment: dict, datasets: dict):
    wanted = experiment["appendix_a"]
    if wanted is None:
        return
    if not datasets[experiment["dataset"]].get("source_images"):
        yield (
            f"{where}.appendix_a needs the images of the sources alone, which the dataset "
            f"{experiment['dataset']!r} does not keep; set its source_images: true, or "
            "appendix_a: null"
        )
    if "linear" not in experiment["scales"]:
        yield (
            f"{where}.appendix_a uses the networks of the linear scale, but scales is "
            f"{experiment['scales']}; add linear, or set appendix_a: null"
        )
    if wanted["n_features"] not in (None, *experiment["n_features"]):
        yield (
            f"{where}.appendix_a.n_features is {wanted['n_features']}; expected one of the "
            f"experiment's n_features, {experiment['n_features']}, or null"
        )


def _check_comparison(where: str, experiment: dict, experiments: dict):
    wanted = experiment["compare_paper"]
    if wanted is None:
        return
    if experiment["protocol"] != "paper":
        yield (
            f"{where}.compare_paper is for an experiment of protocol paper, but protocol is "
            f"{experiment['protocol']!r}; give the key to the experiment that is to be compared"
        )
    for role, protocol in (("honest", "honest"), ("challenge", "unlabelled")):
        name = wanted[role]
        if name is None:
            continue
        if name not in experiments:
            yield _unknown(f"{where}.compare_paper.{role}", name, experiments)
        elif experiments[name]["protocol"] != protocol:
            yield (
                f"{where}.compare_paper.{role} names {name!r}, whose protocol is "
                f"{experiments[name]['protocol']!r}; expected an experiment of protocol {protocol}"
            )


def _check_person(where: str, experiment: dict):
    path, wanted = experiment["person_labels"], "person" in experiment["labels"]
    if wanted != (path is not None):
        yield (
            f"{where}.labels is {experiment['labels']} and person_labels is {path!r}; give both "
            "`person` and the path of the filled table, or neither"
        )
    if path is None:
        return
    fields = {field for _, field, _, _ in string.Formatter().parse(path) if field is not None}
    if unknown := sorted(fields - {"scale", "n_features", "run"}):
        yield f"{where}.person_labels has {unknown}; expected {{scale}}, {{n_features}}, {{run}}"
    for field, count in (
        ("scale", len(experiment["scales"])),
        ("n_features", len(experiment["n_features"])),
        ("run", experiment["runs"]),
    ):
        if count > 1 and field not in fields:
            yield (
                f"{where}.person_labels is {path!r}, one file for {count} different values of "
                f"{field}, but each model has its own clusters; put {{{field}}} into the path"
            )


def _check_run(config: dict):
    """Check that what the chosen experiments read from outside exists."""
    for name in used_datasets(config, config["run"]):
        dataset = config["datasets"][name]
        where = f"config.datasets.{name}"
        if dataset["kind"] != "simulate" and not Path(dataset["path"]).is_dir():
            yield (
                f"{where}.path is {dataset['path']!r}, which is no folder (looked in "
                "the working folder). Put or link the images there, or correct the path"
            )
        catalogue = dataset.get("catalogue")
        if catalogue is not None and not Path(catalogue).is_file():
            yield f"{where}.catalogue is {catalogue!r}, which is no file; correct the path"


def used_datasets(config: dict, experiments: list[str]) -> list[str]:
    """Return the names of the datasets that experiments train on or are applied to, in order."""
    names = []
    for experiment in experiments:
        entry = config["experiments"][experiment]
        names += [entry["dataset"], *entry["apply_to"]]
    return list(dict.fromkeys(names))


def effective(config: dict, experiment: str) -> str:
    """Return, as YAML, everything of a complete configuration that one experiment depends on.

    Parameters
    ----------
    config : dict
        A configuration that `complete` returned.
    experiment : str
        Name of the experiment.

    Returns
    -------
    str
        YAML text that is itself a valid config.yaml.
    """
    entry = config["experiments"][experiment]
    part = {key: value for key, value in config.items() if not isinstance(value, dict)}
    part["run"] = [experiment]
    part["datasets"] = {
        name: config["datasets"][name] for name in used_datasets(config, [experiment])
    }
    part["presets"] = {entry["preset"]: config["presets"][entry["preset"]]}
    # The experiments that it is compared with are not part of what it depends on.
    part["experiments"] = {experiment: {**entry, "compare_paper": None}}
    return yaml.safe_dump(part, sort_keys=True)
