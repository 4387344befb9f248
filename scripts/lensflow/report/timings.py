"""How long each rule took, from Snakemake's benchmark files."""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

_BEFORE_NUMBERS = re.compile(r"^(.+?)(?:_\d+)(?:_|$)")


def timings(folder: Path | str, rules: Iterable[str] = ()) -> pd.DataFrame:
    """Sum the benchmark files of each rule.

    Parameters
    ----------
    folder : path-like
        Searched for ``*.tsv`` at any depth; it need not exist.
    rules : iterable of str
        Names of the rules, to tell a rule from the wildcards in a file's name.

    Returns
    -------
    DataFrame
        rule, jobs, seconds (sum), longest (seconds), max_rss_mb; the most expensive first.
    """
    paths = sorted(Path(folder).rglob("*.tsv")) if Path(folder).is_dir() else []
    names = list(rules)
    rows = [{"rule": rule_of(path.stem, names), **_read(path)} for path in paths]
    table = pd.DataFrame(rows, columns=["rule", "seconds", "max_rss_mb"]).dropna(subset="seconds")
    groups = table.groupby("rule", as_index=False)
    summed = groups.agg(
        jobs=("seconds", "size"),
        total=("seconds", "sum"),
        longest=("seconds", "max"),
        max_rss_mb=("max_rss_mb", "max"),
    )
    ordered = summed.sort_values(["total", "rule"], ascending=[False, True], ignore_index=True)
    return ordered.rename(columns={"total": "seconds"})


def rule_of(stem: str, rules: Iterable[str]) -> str:
    """Return the rule that a benchmark file belongs to: a known name, or all before a number."""
    for name in sorted(rules, key=len, reverse=True):
        if stem == name or stem.startswith(f"{name}_"):
            return name
    found = _BEFORE_NUMBERS.match(stem)
    return found.group(1) if found else stem


def _read(path):
    """Mean over the repeats in one file; NA or - stands for what was not measured."""
    table = pd.read_csv(path, sep="\t", na_values=["-", "NA"])
    columns = {"seconds": "s", "max_rss_mb": "max_rss"}
    return {
        name: float(pd.to_numeric(table[column], errors="coerce").mean())
        if column in table and len(table)
        else float("nan")
        for name, column in columns.items()
    }
