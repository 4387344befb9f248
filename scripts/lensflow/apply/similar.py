"""Look-alikes: the objects whose features are nearest to those of one object.

Features differ in their spread, and some are dead (the same for every object): each is divided by
its standard deviation first, so that distances count every living one alike.
"""

import numpy as np

from lensflow.errors import ArtifactError


def standardised(features: np.ndarray) -> np.ndarray:
    """Return features (n, d) with mean 0 and standard deviation 1; a dead one becomes 0."""
    features = np.asarray(features, dtype=np.float64)
    spread = features.std(axis=0)
    return (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def look_alikes(features: np.ndarray, row: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows nearest to a row, the nearest first, without the row itself.

    Parameters
    ----------
    features : ndarray of shape (n, d)
        Standardised; finite.
    row : int
    number : int
        How many are wanted; fewer come where there are fewer.

    Returns
    -------
    rows : ndarray of int, shape (m,)
        Of equal distance the earlier row first.
    distances : ndarray of float, shape (m,)
        Euclidean.
    """
    distances = np.linalg.norm(features - features[row], axis=1)
    order = np.argsort(distances, kind="stable")
    rows = order[order != row][:number]
    return rows, distances[rows]


def row_of(ids: np.ndarray, wanted: str) -> int:
    """Return the first row of an identifier.

    Raises
    ------
    ArtifactError
        When there is no such object.
    """
    rows = np.flatnonzero(np.asarray(ids) == wanted)
    if rows.size == 0:
        raise ArtifactError(
            f"There is no object {wanted!r} among {len(ids)}; the first is called {str(ids[0])!r}. "
            "Give an id as the table of scores has it."
        )
    return int(rows[0])
