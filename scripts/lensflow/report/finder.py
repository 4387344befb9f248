"""What the headline model does as a finder: sentences and tables of the report."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lensflow.evaluate.calibration import AS_JUDGED, SHIFTED
from lensflow.evaluate.columns import ALL_RUNS
from lensflow.evaluate.metrics import ABOVE
from lensflow.evaluate.missed import BEST, TITLES
from lensflow.evaluate.rankers import RANKERS, shown_labels, title_of
from lensflow.evaluate.rates import PURE, best
from lensflow.files import tables
from lensflow.report.contents import Findings

SAMPLES = {"train": "Training sample", "test": "Held-out objects"}
FEW = 10
"""Lenses below which a bin is not named in a sentence."""


def finder_content(findings: Findings) -> dict:
    """Return sentences and tables on rates, on what is missed and on calibration.

    Returns
    -------
    dict
        ``rates``, ``missed`` and ``calibration``: each ``sentences`` and ``rows``, lists that are
        empty where nothing is known.
    """
    return {
        "rates": _part(_over_runs(findings, "rates"), findings, _rate_sentence, _rate_rows),
        "missed": _part(findings.tables["missed"], findings, _missed_sentence, _missed_rows),
        "calibration": _part(
            _over_runs(findings, "calibration_summary"),
            findings,
            _calibration_sentence,
            _calibration_rows,
        ),
    }


def _over_runs(findings: Findings, name: str) -> pd.DataFrame | None:
    """Return the rows of a table that are of the mean over runs."""
    table = findings.tables[name]
    return None if table is None else table[table["run"].astype(str) == ALL_RUNS]


def _part(table: pd.DataFrame | None, findings: Findings, sentence, rows) -> dict:
    """Return a sentence a sample, by the judgement that counts, and the rows of all."""
    if table is None or table.empty:
        return {"sentences": [], "rows": []}
    experiment = findings.experiment
    labels = shown_labels(experiment.ranked_by(experiment.headline_sample), table["labels"])
    samples = table[table["labels"] == labels].groupby("sample", sort=False)
    sentences = [sentence(name, labels, sample) for name, sample in samples]
    return {"sentences": [text for text in sentences if text], "rows": list(rows(table, labels))}


def percent(value: float) -> str:
    """Write a fraction in per cent."""
    return "not defined" if np.isnan(value) else f"{100 * value:.3g} %"


def with_interval(row: pd.Series, name: str) -> str:
    """Write a fraction with its interval."""
    if np.isnan(row[name]):
        return "not defined"
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{100 * row[name]:.3g} % ({100 * low:.3g} to {100 * high:.3g})"


def _place(sample: str, labels: str) -> str:
    ranked = f"ranked by {RANKERS[labels].title}" if labels in RANKERS else f"labels “{labels}”"
    return f"{SAMPLES.get(sample, sample)}, {ranked}"


# --- rates ---------------------------------------------------------------------------------------


def _rate_sentence(sample: str, labels: str, table: pd.DataFrame) -> str:
    rows = tables.rows_where(table, {"lens_fraction": 0.01, "selection": best(0.01)})
    if rows.empty:
        return ""
    row = rows.iloc[0]
    return (
        f"{_place(sample, labels)}: of the best 1 % at a lens fraction of 1 %, "
        f"{with_interval(row, 'purity')} are lenses, and they hold "
        f"{with_interval(row, 'completeness')} of all lenses."
    )


def _rate_rows(table: pd.DataFrame, labels: str) -> Iterator[dict]:
    keys = ["sample", "labels", "lens_fraction"]
    for key, rows in table.groupby(keys, sort=False):
        lists = rows.set_index("selection")
        row = dict(zip(keys, key, strict=True)) | {"lens_fraction": percent(key[-1])}
        row["title"] = title_of(key[1]) if key[1] in RANKERS else key[1]
        for name, share in (("small", best(0.001)), ("large", best(0.01))):
            for what in ("purity", "completeness"):
                row[f"{name}_{what}"] = with_interval(lists.loc[share], what)
        yield {**row, "pure": with_interval(lists.loc[PURE], "completeness")}


# --- what is missed ------------------------------------------------------------------------------


def _missed_sentence(sample: str, labels: str, table: pd.DataFrame) -> str:
    rows = table[(table["selection"] == BEST) & (table["n_lens"] >= FEW) & table["low"].notna()]
    parts = [_extremes(some, TITLES[by]) for by, some in rows.groupby("by", sort=False)]
    parts = [part for part in parts if part]
    return f"{_place(sample, labels)}, {BEST}: {'; '.join(parts)}." if parts else ""


def _extremes(rows: pd.DataFrame, name: str) -> str:
    """Say in which bin the fewest and in which the most lenses are found."""
    rows = rows.dropna(subset="completeness")
    if len(rows) < 2:
        return ""
    least, most = (rows.loc[index] for index in _ends(rows["completeness"]))
    return (
        f"by {name}, the fewest are found of {bin_name(least)} "
        f"({percent(least['completeness'])} of {least['n_lens']} lenses), the most of "
        f"{bin_name(most)} ({percent(most['completeness'])} of {most['n_lens']})"
    )


def _ends(values: pd.Series) -> tuple:
    return values.idxmin(), values.idxmax()


def bin_name(row: pd.Series) -> str:
    """Write the bin of a row of completeness."""
    if np.isnan(row["low"]):
        return "unknown"
    if np.isinf(row["low"]):
        return f"below {row['high']:g}"
    if np.isinf(row["high"]):
        return f"{row['low']:g} and more"
    return f"{row['low']:g} to {row['high']:g}"


def _missed_rows(table: pd.DataFrame, labels: str) -> Iterator[dict]:
    """Yield the bins by the judgement that counts."""
    shown = table[table["labels"] == labels]
    keys = ["sample", "by", "low", "high"]
    for (sample, by, *_), rows in shown.groupby(keys, sort=False, dropna=False):
        first = rows.iloc[0]
        row = {"sample": sample, "by": TITLES[by], "bin": bin_name(first), "n": first["n_lens"]}
        for name, selection in (("best", BEST), ("above", ABOVE)):
            one = rows[rows["selection"] == selection]
            row[name] = with_interval(one.iloc[0], "completeness") if len(one) else "not defined"
        yield row


# --- calibration ---------------------------------------------------------------------------------


def _calibration_sentence(sample: str, labels: str, table: pd.DataFrame) -> str:
    rows = table.set_index("prior")
    judged = rows.loc[AS_JUDGED]
    text = (
        f"{_place(sample, labels)}: the mean of p is {judged['p_mean']:.3f} and "
        f"{percent(judged['lens_fraction'])} are lenses; p and the fraction of lenses of its bin "
        f"differ by {judged['calibration_error']:.3f}"
    )
    if SHIFTED not in rows.index:
        return f"{text}."
    return (
        f"{text}, and by {rows.loc[SHIFTED, 'calibration_error']:.3f} after p is shifted from the "
        f"lens fraction that was judged ({percent(judged['judged_fraction'])}) to this one."
    )


def _calibration_rows(table: pd.DataFrame, labels: str) -> Iterator[dict]:
    yield from table.to_dict("records")
