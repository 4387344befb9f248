"""The paper's tables and findings of one experiment, and what the paper leaves open."""

import pandas as pd

from lensflow.files.tables import rows_where
from lensflow.paper.assumptions import ASSUMPTIONS
from lensflow.paper.contents import PAPER_TABLES
from lensflow.report.contents import Findings

COLUMN_NAMES = {
    "lens_60": "lens ≥ 0.6",
    "non_lens_60": "non-lens ≥ 0.6",
    "non_lens_70": "non-lens ≥ 0.7",
    "non_lens_90": "non-lens ≥ 0.9",
    "lens_share_60": "share of lenses",
    "auc": "AUC",
    "tpr0": "TPR0",
    "tpr10": "TPR10",
}


def paper_tables(findings: Findings) -> list[dict]:
    """Return title, column names and texts of each table that the experiment has.

    Of the clusters only the headline model is shown, of the ranking the means over runs; the files
    hold everything.
    """
    found = []
    for one in PAPER_TABLES:
        path = findings.root / findings.experiment.table_path(one.name)
        if one.in_report and path.is_file():
            table = _shown(one.name, pd.read_csv(path), findings.experiment.model)
            columns = [COLUMN_NAMES.get(c, c.replace("_", " ")) for c in table.columns]
            rows = [[cell(value) for value in row] for row in table.itertuples(index=False)]
            found.append({"title": one.title, "columns": columns, "rows": rows, "path": str(path)})
    return found


def _shown(name, table, model):
    if name == "cluster_counts":
        return rows_where(table, model).drop(columns=list(model))
    if name == "ranking":
        table = table.rename(columns=lambda column: column.removesuffix("_mean"))
    dropped = [c for c in table if c.endswith(("_min", "_max")) or c == "n_runs"]
    return table.drop(columns=dropped)


def cell(value) -> str:
    """Return a value as a table shows it."""
    if isinstance(value, float):
        if value != value:
            return ""
        return f"{value:,.0f}" if value.is_integer() and value > 1 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def assumptions() -> list[dict[str, str]]:
    """Return the assumptions as rows of texts."""
    return [entry._asdict() for entry in ASSUMPTIONS]
