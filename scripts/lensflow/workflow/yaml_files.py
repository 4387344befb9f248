"""YAML that a person wrote: broken syntax and keys that stand twice are said with file and line."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from lensflow.errors import ConfigError

MOST_VALUES = 100_000


def read_yaml(path: str | Path) -> dict:
    """Read a YAML file that must hold keys, each once.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    dict

    Raises
    ------
    ConfigError
        As `check_yaml` does.
    """
    check_yaml(path)
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def check_yaml_files(paths: Iterable[str | Path]) -> None:
    """Check the configuration files that exist, as `check_yaml` does, JSON apart.

    Parameters
    ----------
    paths : iterable of path-like

    Raises
    ------
    ConfigError
        For the first that is broken.
    """
    for path in map(Path, paths):
        if path.is_file() and path.suffix != ".json":
            check_yaml(path)
            _check_values(path)


def _check_values(path: Path) -> None:
    """Check that the values can be made, and are few: one alias may stand for millions of them."""
    try:
        with _syntax_named(path):
            waiting = [yaml.safe_load(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:  # a date in the thirteenth month
        raise ConfigError(f"{path}: a value is not what it looks like: {error}.") from None
    for _ in range(MOST_VALUES):
        if not waiting:
            return
        value = waiting.pop()
        waiting += (
            value.values()
            if isinstance(value, dict)
            else value
            if isinstance(value, list | set)
            else ()
        )
    raise ConfigError(
        f"{path} holds more than {MOST_VALUES} values, or a part that holds itself. Write out what "
        "aliases (*name) stand for."
    )


def check_yaml(path: str | Path) -> None:
    """Check that a file is YAML, holds keys, and no key stands twice in one mapping.

    Every YAML reader, Snakemake's too, lets the last of two equal keys win without a word.

    Parameters
    ----------
    path : path-like

    Raises
    ------
    ConfigError
        Naming the file, the line (counted from 1) and the key.
    """
    root = _compose(path)
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{path} holds no keys; expected lines such as `run: [demo]`.")
    if repeated := list(_repeated(root, set())):
        raise ConfigError(" ".join(f"{path}, {text}" for text in repeated))


def _compose(path: str | Path) -> yaml.Node | None:
    with _syntax_named(path):
        return yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)


@contextlib.contextmanager
def _syntax_named(path: str | Path) -> Iterator[None]:
    try:
        yield
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise ConfigError(
            f"{path}, line {mark.line + 1}, column {mark.column + 1}: this is not YAML: "
            f"{error.problem} {error.context or ''}".rstrip()
            + ". Mend that line or the one before it; indent with spaces, never with tabs."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not text in UTF-8 that YAML allows: {error}.") from None
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply; expected a few levels of keys.") from None


def _repeated(node: yaml.Node, seen: set[int]) -> Iterator[str]:
    """Say of each key that stands twice where it does; a node behind several aliases once."""
    if id(node) in seen or isinstance(node, yaml.ScalarNode):
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        yield from _repeated_keys(node)
    for child in node.value:
        for part in child if isinstance(child, tuple) else (child,):
            yield from _repeated(part, seen)


def _repeated_keys(node: yaml.MappingNode) -> Iterator[str]:
    first: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        line, name = key.start_mark.line + 1, (key.tag, key.value)
        if name in first:
            yield (
                f"line {line}: the key {key.value!r} stands twice, first in line {first[name]}, "
                "and only the last would count. Remove one."
            )
        first.setdefault(name, line)
