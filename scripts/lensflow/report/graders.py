"""What the report says of the people who grade candidates."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from lensflow.files import tables
from lensflow.report.finder import with_interval

MEASURES = ("completeness", "purity")


def grader_content(path: Path) -> dict:
    """Return sentences and table rows from ``graders.csv``.

    Returns
    -------
    dict
        ``sentences`` and ``rows``, lists that are empty where nobody has graded.
    """
    if not path.is_file():
        return {"sentences": [], "rows": []}
    table = tables.read_objects(path, ["who"])
    return {
        "sentences": list(_sentences(table)),
        "rows": [_row(row) for _, row in table.iterrows()],
    }


def _sentences(table: pd.DataFrame) -> Iterator[str]:
    for dataset, rows in table.groupby("dataset", sort=False):
        graders, all_of_them = rows.iloc[:-1], rows.iloc[-1]
        kappa = all_of_them["kappa"]
        agreed = "" if pd.isna(kappa) else f"; they agree with a kappa of {kappa:.2f} (Fleiss)"
        names = ", ".join(graders["who"])
        yield f"{all_of_them['n_graded']} candidates of {dataset} are graded by {names}{agreed}."
        for _, row in graders[graders["n_hidden_lenses"] > 0].iterrows():
            yield (
                f"{row['who']} found {with_interval(row, 'completeness')} of "
                f"{row['n_hidden_lenses']} simulated lenses hidden among them; "
                f"{with_interval(row, 'purity')} of the hidden objects that {row['who']} took for "
                "lenses are."
            )


def _row(row: pd.Series) -> dict:
    kappa = "not defined" if pd.isna(row["kappa"]) else f"{row['kappa']:.2f}"
    measured = {name: with_interval(row, name) for name in MEASURES}
    return {**row[["dataset", "who", "n_graded"]].to_dict(), "kappa": kappa, **measured}
