"""The two patterns of a dataset: which file names are its cutouts, and where the identifier is.

Both come from the configuration, so that what is wrong with them is said before any job runs.
"""

import fnmatch
import re
from collections.abc import Callable

# The parser of the standard library: a pattern is judged by what it is, not by how it is written.
from re import _constants as ops
from re import _parser as parser

from lensflow.errors import ConfigError

ANY_FITS = re.compile(r"(?is).+\.(?:fits?|fts)(?:\.fz)?(?:\.gz)?")
"""What a cutout's file is called where no pattern is configured."""

MOST_REPEATS, MOST_OPTIONS = 4, 12
LONGEST_PATTERN = 1000

_SUFFIXES = re.compile(r"\.(fits?|fts|fz|gz)$", re.IGNORECASE)
_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT)


def file_matcher(pattern: str | None) -> tuple[list[str], Callable[[str], object]]:
    """Return the patterns of the parent folders, and the function that says whether a name fits.

    Parameters
    ----------
    pattern : str, optional
        Shell pattern of the file names; folders before a slash must end the file's own path. None
        takes every name of a FITS file.

    Raises
    ------
    ConfigError
        When ``**`` or an empty name is in it.
    """
    if pattern is None:
        return [], ANY_FITS.fullmatch
    *parents, name = pattern.removeprefix("**/").split("/")
    if "**" in pattern.removeprefix("**/"):
        raise ConfigError(
            f"pattern is {pattern!r}; ** is not needed, subfolders are always searched"
        )
    if not name or "" in parents:
        raise ConfigError(
            f"pattern is {pattern!r}, with an empty name beside a slash; expected a shell pattern "
            "of file names, such as *.fits or VIS/*.fits"
        )
    return parents, re.compile(fnmatch.translate(name)).match


def identifier(id_pattern: str | None) -> Callable[[str, str], str | None]:
    """Return the function from (folder, file name) to an identifier, or None or "" without one.

    Parameters
    ----------
    id_pattern : str, optional
        Regular expression whose one group is the identifier, searched in the file name, or in the
        path below the dataset's folder where a slash stands in it. None takes the name without its
        suffixes.

    Raises
    ------
    ConfigError
        As `check_id_pattern` does.
    """
    if id_pattern is None:
        return lambda folder, name: stem(name)
    search = check_id_pattern(id_pattern).search
    in_path = "/" in id_pattern

    def find(folder: str, name: str) -> str | None:
        found = search(folder + name if in_path else name)
        return found.group(1) if found else None

    return find


def stem(name: str) -> str:
    """Return a file name without .fits, .fit, .fts, .fz and .gz."""
    while (shorter := _SUFFIXES.sub("", name)) != name:
        name = shorter
    return name


def check_id_pattern(id_pattern: str) -> re.Pattern:
    """Return a regular expression that has one group and ends soon whatever it is searched in.

    A search that fails goes back through every way of matching. There are exponentially many where
    a repeat without a limit has another repeat or alternatives in it, and the n-th power of the
    name's length where n repeats follow each other.

    Raises
    ------
    ConfigError
        When it is malformed, has another number of groups, or may search for ever.
    """
    try:
        tree = parser.parse(id_pattern)
        expression = re.compile(id_pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigError(f"id_pattern is {id_pattern!r}, no regular expression: {error}") from None
    if expression.groups != 1:
        raise ConfigError(
            f"id_pattern is {id_pattern!r} with {expression.groups} groups; expected one group "
            r"around the identifier, as in 'image-(\d+)'"
        )
    if len(id_pattern) > LONGEST_PATTERN or _may_be_slow(tree):
        raise ConfigError(
            f"id_pattern is {id_pattern[:100]!r}, which may search for ever: expected at most "
            f"{MOST_REPEATS} repeats (* or +) and {MOST_OPTIONS} options (?), and no repeat with a "
            "repeat, option or | inside. Make those that need not give back what they took "
            "possessive (*+ or ++), or leave some out"
        )
    return expression


def _children(argument: object) -> list:
    """Return the parts of a pattern that stand in the argument of one of its operations."""
    if isinstance(argument, parser.SubPattern):
        return [argument]
    if isinstance(argument, list | tuple):
        return [part for one in argument for part in _children(one)]
    return []


def _is_variable(operation, argument) -> bool:
    return operation is ops.BRANCH or (operation in _REPEATS and argument[0] != argument[1])


def _is_nested(tree) -> bool:
    """Say whether something that can match in several ways stands in a repeat."""
    for operation, argument in tree:
        parts = _children(argument)
        repeats = operation in _REPEATS and argument[1] > 1
        if repeats and any(_varies(part) for part in parts):
            return True
        if any(_is_nested(part) for part in parts):
            return True
    return False


def _varies(tree) -> bool:
    return any(
        _is_variable(operation, argument) or any(_varies(part) for part in _children(argument))
        for operation, argument in tree
        if operation not in (ops.POSSESSIVE_REPEAT, ops.ATOMIC_GROUP)
    )


def _may_be_slow(tree) -> bool:
    return (
        _is_nested(tree)
        or _count(tree, lambda most: most > 1) > MOST_REPEATS
        or _count(tree, lambda most: most == 1) > MOST_OPTIONS
    )


def _count(tree, counts: Callable[[int], bool]) -> int:
    """Count the repeats, by the most that they take, that may give back what they took."""
    return sum(
        (operation in _REPEATS and argument[0] != argument[1] and counts(argument[1]))
        + sum(_count(part, counts) for part in _children(argument))
        for operation, argument in tree
    )
