"""Say what a survey takes: jobs, core and GPU hours, and disk, from throughputs that you measured.

python scripts/plan_survey.py --images 1e7 --shards 1000 --models 3 --features 8 \
    --ingest 1000 --embed 400 --score 50000
"""

import argparse

from lensflow.apply.survey import Rates, plan, table
from lensflow.errors import ConfigError


def parser():
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("--images", type=_count, required=True, help="cutouts of the survey")
    made.add_argument("--shards", type=int, required=True, help="parts, a job each")
    made.add_argument("--models", type=int, default=1, help="scales x feature counts x runs")
    made.add_argument("--features", type=int, default=24, help="features of a model")
    made.add_argument("--ingest", type=float, required=True, help="cutouts/s read by a core")
    made.add_argument("--embed", type=float, required=True, help="cutouts/s embedded by a GPU")
    made.add_argument("--score", type=float, required=True, help="cutouts/s scored by a core")
    made.add_argument("--start", type=float, default=30.0, help="seconds until a job works")
    return made


def _count(text: str) -> int:
    """Return a number of things that may be written as 1e7."""
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"received {text!r}; expected a number such as 1e7"
        ) from None


if __name__ == "__main__":
    given = parser().parse_args()
    rates = Rates(given.ingest, given.embed, given.score, given.start)
    try:
        print(table(plan(given.images, given.shards, given.models, given.features, rates)))
    except ConfigError as error:
        parser().error(str(error))
