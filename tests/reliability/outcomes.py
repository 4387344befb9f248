"""What may become of a case, and what a clear error is."""

from lensflow.errors import LensflowError

RIGHT, QUARANTINED, REFUSED = "right", "quarantined", "refused"
GOOD = (RIGHT, QUARANTINED, REFUSED)
WRONG, HANG, CRASH = "wrong", "hang", "crash"
BAD = (WRONG, HANG, CRASH)

# An error says what came, and what to do: by one of these words at least.
_WORDS = (
    *("expected", "Expected", "Mend", "mend", "rename", "Rename", "Remove"),
    *("Add", "add it", "Use ", "use ", "Give", "give ", "Choose", "choose", "correct", "must"),
    *("Check", "leave ", "needs", "Write out", "Did you mean", "see id_pattern", "unknown key"),
    *("Make it", "allows", "known are", "cannot be read"),
)


def said(error: LensflowError) -> tuple[str, str]:
    """Return the outcome of a case that ended in an error of ours: its words are looked at."""
    text = str(error)
    lines = [line for line in text.splitlines() if line.startswith("  - config")] or [text]
    poor = [line for line in lines if len(line) < 20 or not any(word in line for word in _WORDS)]
    if poor:
        return WRONG, f"the error does not say what to do: {poor[0]}"
    return REFUSED, text
