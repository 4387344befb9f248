"""Describe files: ``python -m lensflow.artifacts FILE...``."""

import argparse
import sys

from lensflow.artifacts.describing import describe


def main(arguments: list[str]) -> int:
    """Describe files; return 1 when one is not intact."""
    parser = argparse.ArgumentParser(
        description="Say what files hold, where they come from and whether they are intact."
    )
    parser.add_argument("file", nargs="+", help="an artifact, a table, or anything that a run made")
    texts = [describe(path) for path in parser.parse_args(arguments).file]
    print(*texts, sep="\n\n")
    return int(any("\n  DAMAGED: " in text for text in texts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
