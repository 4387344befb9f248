"""The closed schema of the configuration: defaults, and mistakes as sentences.

jsonschema walks the schema, and its words are replaced here: `snakemake.utils.validate` stops at
the first mistake, and neither it nor pydantic says what a key means or what was probably meant.
"""

import copy
import difflib
import math
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

SCHEMA_PATH = Path(__file__).resolve().parents[3] / "workflow/schemas/config.schema.yaml"


def _is_integer(checker, value: object) -> bool:
    """Say whether a value counts something: 2.0 was meant as another kind of number."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(checker, value: object) -> bool:
    return _is_integer(checker, value) or (isinstance(value, float) and math.isfinite(value))


_TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many(
    {"integer": _is_integer, "number": _is_number}
)
_LIMITS = {
    "maximum": "; expected at most {}",
    "exclusiveMaximum": "; expected less than {}",
    "minimum": "; expected at least {}",
    "exclusiveMinimum": "; expected more than {}",
    "minItems": "; expected at least {}",
    "maxItems": "; expected at most {}",
    "minLength": "; expected at least {} character",
    "maxLength": "; expected at most {} characters",
    "uniqueItems": "; expected each once",
}
_SAID = {"number": "a finite number"}


def fill_defaults(config: dict) -> list[str]:
    """Fill a configuration's defaults in place and say what is wrong with it.

    Parameters
    ----------
    config : dict
        As it was written; afterwards it holds every key of the schema that has a default.

    Returns
    -------
    list of str
        A sentence for each mistake: where, what was received, what was expected.
    """
    schema = _schema()
    properties = partial(_fill_and_check, schema["$defs"])
    validator = extend(Draft202012Validator, {"properties": properties}, type_checker=_TYPES)(
        schema
    )
    return list(dict.fromkeys(_explain(error) for error in validator.iter_errors(config)))


@cache
def defaults(definition: str) -> dict[str, Any]:
    """Return the keys of a definition of the schema that have a default, with that.

    Parameters
    ----------
    definition : str
        A name under ``$defs``, such as ``dataset_fits`` or ``experiment``.
    """
    definitions = _schema()["$defs"]
    parts = definitions[definition]["properties"].items()
    found = {key: _resolved(definitions, part) for key, part in parts}
    return {key: part["default"] for key, part in found.items() if "default" in part}


@cache
def _schema() -> dict[str, Any]:
    return yaml.safe_load(SCHEMA_PATH.read_text())


def _resolved(definitions: Mapping, part: Mapping) -> Mapping:
    """Return what a part of the schema refers to, or itself."""
    return definitions.get(part.get("$ref", "").removeprefix("#/$defs/"), part)


def _fill_and_check(definitions, validator, properties, instance, schema):
    """Do what the keyword ``properties`` does, on a mapping whose defaults are filled first."""
    if isinstance(instance, dict):
        for key, part in properties.items():
            definition = _resolved(definitions, part)
            if "default" in definition:
                instance.setdefault(key, copy.deepcopy(definition["default"]))
    yield from Draft202012Validator.VALIDATORS["properties"](
        validator, properties, instance, schema
    )


def _explain(error: ValidationError) -> str:
    """Turn a schema error into a sentence: where, received, expected, remedy."""
    where, received = f"config{error.json_path.removeprefix('$')}", error.instance
    if error.validator == "additionalProperties":
        return _explain_unknown(received, error.schema, where)
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in received]
        return f"{where} lacks {_quoted(missing)}. Add: {_described(missing, error.schema)}"
    if error.validator == "pattern" and "propertyNames" in error.absolute_schema_path:
        return (
            f"the name {received!r} in {where} is not allowed; expected letters, digits and "
            "underscores, beginning with a letter"
        )
    if error.validator == "pattern":
        return f"{where} is {received!r}; expected one line of text without control characters"
    expected = _expected(error)
    return f"{where} is {received!r}{expected} {error.schema.get('description', '')}".rstrip()


def _expected(error: ValidationError) -> str:
    rule = error.validator_value
    if error.validator == "enum":
        return f"; expected one of {rule}.{suggestion(error.instance, rule)}"
    if error.validator == "type":
        kinds = [_SAID.get(kind, kind) for kind in ([rule] if isinstance(rule, str) else rule)]
        return f" ({type(error.instance).__name__}); expected {' or '.join(kinds)}:"
    return f": {error.message}{_LIMITS.get(error.validator, '').format(rule)}."


def _explain_unknown(received: Mapping, part: Mapping, where: str) -> str:
    known = sorted(part["properties"])
    unknown = sorted(str(key) for key in received if key not in part["properties"])
    hints = "".join(suggestion(key, known) for key in unknown)
    return f"{where} has unknown key(s) {_quoted(unknown)}; expected some of {known}.{hints}"


def _described(keys: list[str], part: Mapping) -> str:
    texts = (part.get("properties", {}).get(key, {}).get("description", "") for key in keys)
    return "; ".join(f"{key} ({text.rstrip('.')})" for key, text in zip(keys, texts, strict=True))


def _quoted(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)


def suggestion(name: Any, known: list) -> str:
    """Return the question whether the nearest of the known names was meant, or nothing.

    Parameters
    ----------
    name : object
        What was received.
    known : list
    """
    near = difflib.get_close_matches(str(name), [str(k) for k in known], n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
