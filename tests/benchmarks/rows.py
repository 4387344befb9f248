"""The row that every benchmark reports its figures in."""


def row(
    name: str,
    unit: str,
    ours: float,
    peer: float | None = None,
    goal: float | None = None,
    bound: str = "at least",
) -> dict:
    """Return {name, unit, ours, peer, ratio, goal, bound, met}.

    Parameters
    ----------
    name, unit : str
        What was measured.
    ours, peer : float
        Our figure, and that of what it is compared with, if anything.
    goal : float, optional
        What ``ratio = ours / peer`` must come to, or ``ours`` where there is no peer.
    bound : {"at least", "at most"}
        Which side of the goal is wanted.
    """
    ratio = None if peer is None else ours / peer
    judged = ours if ratio is None else ratio
    met = None
    if goal is not None:
        met = bool(judged >= goal if bound == "at least" else judged <= goal)
    return {
        "name": name,
        "unit": unit,
        "ours": rounded(ours),
        "peer": rounded(peer),
        "ratio": rounded(ratio),
        "goal": goal,
        "bound": bound,
        "met": met,
    }


def rounded(number: float | None) -> float | None:
    """Return a number with four significant digits."""
    return None if number is None else float(f"{number:.4g}")
