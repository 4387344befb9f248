"""Checks of names: that each means one thing, and that what is named exists.

Each check yields a sentence a mistake.
"""

from collections.abc import Iterator, Mapping

from lensflow.evaluate.resampling import drawn_from
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
