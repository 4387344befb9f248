"""What of a ranked list is selected: all above the threshold, and the candidates."""

import pandas as pd

from lensflow.evaluate.metrics import ABOVE, THRESHOLD


def selections(table: pd.DataFrame, n_candidates: int) -> dict[str, pd.Series]:
    """Return which rows are in each selection, by its name.

    Parameters
    ----------
    table : DataFrame
        rank, and p_lens where objects are judged; without it there is no threshold.
    n_candidates : int
        Length of the list of candidates.
    """
    found = {ABOVE: table["p_lens"] > THRESHOLD} if "p_lens" in table else {}
    return {**found, f"top {n_candidates}": table["rank"] <= n_candidates}
