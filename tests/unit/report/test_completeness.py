from types import SimpleNamespace

import pandas as pd

from lensflow.report.words import completeness_sentences


def test_completeness_is_said_with_its_interval():
    table = pd.DataFrame(
        {
            "selection": ["p > 0.5", "top 100"],
            "n_known": [8, 8],
            "n_found": [6, 2],
            "completeness": [0.75, 0.25],
            "completeness_low": [0.575, 0.13],
            "completeness_high": [0.87, 0.425],
        }
    )
    findings = SimpleNamespace(completeness={"field": table, "other": table.assign(n_known=0)})
    assert completeness_sentences(findings) == [
        "field, p > 0.5: 6 of 8 known lenses, 75 % (57.5 to 87, 68 %).",
        "field, top 100: 2 of 8 known lenses, 25 % (13 to 42.5, 68 %).",
        "other: none of the known lenses is in the dataset.",
    ]
