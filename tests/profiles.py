"""The SLURM profile as it is, and with the lines that a survey of many shards takes in."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SLURM = ROOT / "workflow/profiles/slurm/profile.yaml"
FIRST_LINE = "# resources: [in_turn=1]"


def grouped(text):
    """Return the text of a profile with its last lines, on groups, no longer comments."""
    before, _, after = text.rpartition(f"\n{FIRST_LINE}\n")
    lines = [FIRST_LINE, *after.splitlines()]
    assert all(line.startswith("# ") for line in lines)
    return "\n".join([before, *(line[2:] for line in lines), ""])
