"""What injected sources say of the completeness of a list: sentences and tables of the report."""

from collections.abc import Iterator, Mapping

import pandas as pd

from lensflow.evaluate.missed import ALL, TITLES
from lensflow.report.contents import Findings
from lensflow.report.finder import bin_name, percent, with_interval


def injected_content(findings: Findings) -> list[dict]:
    """Return what is said of each dataset into whose images sources were put.

    Returns
    -------
    list of dict
        ``dataset``; ``sentences``; ``selections``, names of columns; ``bins``, each ``by``,
        ``bin``, ``n`` and ``found``, a text a selection; ``purities``, rows of a table of texts;
        ``path`` of the table of the sources.
    """
    return [_content(findings, name, tables) for name, tables in findings.injected.items()]


def _content(findings: Findings, dataset: str, tables: Mapping[str, pd.DataFrame]) -> dict:
    completeness, purity = tables["completeness"], tables["purity"]
    path = findings.root / findings.experiment.injected_path("sources", dataset)
    return {
        "dataset": dataset,
        "sentences": [*_completeness_sentences(completeness), *_purity_sentences(purity)],
        "selections": completeness["selection"].unique().tolist(),
        "bins": list(_bins(completeness)),
        "purities": [_purity(row) for _, row in purity.iterrows()],
        "path": str(path),
    }


def _completeness_sentences(table: pd.DataFrame) -> Iterator[str]:
    for _, row in table[table["by"] == ALL].iterrows():
        yield (
            f"{row['selection']}: {row['n_found']:,} of {row['n_lens']:,} sources are found, "
            f"{with_interval(row, 'completeness')}."
        )


def _purity_sentences(table: pd.DataFrame) -> Iterator[str]:
    """Say of each selection what its purity is for the first of the lens fractions."""
    for name, rows in table.groupby("selection", sort=False):
        row = rows.iloc[0]
        if row["n_selected"] == 0:
            yield f"{name}: no object of the dataset is in it, so that it has no purity."
            continue
        if row["n_selected"] == row["n_objects"]:
            yield (
                f"{name}: all {row['n_objects']:,} objects of the dataset are in it, so that what "
                "it finds says nothing. A list of candidates is shorter with a smaller "
                "n_candidates."
            )
            continue
        yield (
            f"{name}, {row['n_selected']:,} of {row['n_objects']:,} objects: if "
            f"{percent(row['lens_fraction'])} of all objects are such lenses, "
            f"{row['n_lens_expected']:.3g} of them are among these, a purity of "
            f"{with_interval(row, 'purity')}."
        )


def _bins(table: pd.DataFrame) -> Iterator[dict]:
    """Yield the bins that hold a source, with what is found in each selection."""
    filled = table[(table["by"] != ALL) & (table["n_lens"] > 0)]
    for (by, *_), rows in filled.groupby(["by", "low", "high"], sort=False, dropna=False):
        first = rows.iloc[0]
        found = [with_interval(row, "completeness") for _, row in rows.iterrows()]
        yield {"by": TITLES[by], "bin": bin_name(first), "n": first["n_lens"], "found": found}


def _purity(row: pd.Series) -> dict:
    return {
        "selection": row["selection"],
        "n_selected": row["n_selected"],
        "lens_fraction": percent(row["lens_fraction"]),
        "n_lenses": f"{row['n_lens_expected']:.3g}",
        "purity": with_interval(row, "purity"),
    }
