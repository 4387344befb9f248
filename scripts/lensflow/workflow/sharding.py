"""How many shards a dataset has where the configuration does not say: chosen once, and kept.

When a run is planned the number is chosen from the number of objects. The run keeps it beside what
it makes of the dataset, and whoever reads the configuration later takes it from there: every job,
and later runs. So jobs and the process that planned them agree, nobody lists ten million files for
each job, and files that arrive later do not divide anew what was made already.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass

from lensflow.errors import ArtifactError, LensflowError
from lensflow.experiment import Dataset
from lensflow.files.writing import write_text
from lensflow.workflow.outside_files import check_source

OBJECTS_A_SHARD = 50_000
"""Objects for which there is one shard.

On one core they are read in 25 s (2,000 a second) and embedded by a small network in 40 s (1,300 a
second), about as long as a job takes to start (30 s): with fewer, most of a run is starts of jobs.
With more there are fewer jobs side by side than a cluster has places, more is done again when one
fails, and a file of images (2 GB) is unwieldy. Ten million are 200 shards, so 1,400 jobs.
"""

FORMAT = {"format": "lensflow-shards", "format_version": 1}


@dataclass(frozen=True)
class Choice:
    """A number of shards that was chosen.

    Attributes
    ----------
    dataset : str
        Name of the dataset.
    entry : mapping
        What it was chosen for: the entry of the dataset, as far as it makes the images.
    n_objects : int, optional
        About how many objects there are; None where that could not be told.
    shards : int
    """

    dataset: str
    entry: Mapping[str, object]
    n_objects: int | None
    shards: int

    @property
    def path(self) -> str:
        """Where it is kept."""
        return Dataset(self.dataset, self.entry).shards_path


def choose_shards(config: dict, is_job: bool) -> list[Choice]:
    """Fill in the number of shards of every dataset whose entry gives none.

    What was chosen before stands as long as the entry is the same; with another entry all images
    are made anew. Without the number of objects it is 1, and stands for one run alone.

    Parameters
    ----------
    config : dict
        A configuration that `lensflow.workflow.config.complete` returned; changed in place.
    is_job : bool
        Whether this process is a job of a run, which goes by what that run has kept.

    Returns
    -------
    list of Choice
        One for each of these datasets, also of those that were made before.

    Raises
    ------
    ArtifactError
        When what was kept is damaged.
    """
    datasets = [Dataset(name, entry) for name, entry in config["datasets"].items()]
    choices = [_choice(each, is_job) for each in datasets if each.entry["shards"] is None]
    for choice in choices:
        config["datasets"][choice.dataset]["shards"] = choice.shards
    return choices


def keep_shards(choices: Iterable[Choice], tell: Callable[[str], object]) -> None:
    """Keep what was chosen, and tell of each dataset that has more than one shard.

    Parameters
    ----------
    choices : iterable of Choice
        What `choose_shards` returned.
    tell : callable
        Takes a line.

    Raises
    ------
    ArtifactError
        When a number cannot be written.
    """
    for choice in choices:
        if _kept(choice.path) != choice:
            write_text(choice.path, json.dumps({**FORMAT, **asdict(choice)}, indent=1) + "\n")
        if choice.shards > 1:
            tell(
                f"{choice.dataset}: {choice.shards} shards for about {choice.n_objects:,} objects "
                f"({choice.path})"
            )


def _choice(dataset: Dataset, is_job: bool) -> Choice:
    kept = _kept(dataset.shards_path)
    is_same = kept and (kept.dataset, kept.entry) == (dataset.name, dataset.image_entry)
    if is_same and (kept.n_objects or is_job):
        return kept
    n_objects = _count(dataset)
    shards = math.ceil((n_objects or 1) / OBJECTS_A_SHARD)
    return Choice(dataset.name, dataset.image_entry, n_objects, shards)


def _count(dataset: Dataset) -> int | None:
    """Return about how many objects are taken; None where that cannot be told, or there is none.

    What is wrong is told by the checks of the configuration, and by the job that lists the files.
    A plan without that dataset must not fail here.
    """
    if any(check_source("", dataset)):
        return None
    try:
        found = dataset.kind.count_objects(dataset.entry)
    except (LensflowError, OSError):
        return None
    return min(found, dataset.most_objects or found) or None


def _kept(path: str) -> Choice | None:
    """Return what is kept at a path, None for nothing.

    Raises
    ------
    ArtifactError
        When it is not what was written.
    """
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        version = {key: content.pop(key) for key in FORMAT}
        choice = Choice(**content)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(_damaged(path, f"{type(error).__name__}: {error}")) from error
    counts = {"shards": choice.shards, "n_objects": choice.n_objects or 1}
    wrong = {key: n for key, n in counts.items() if type(n) is not int or n < 1}
    if version != FORMAT or wrong:
        raise ArtifactError(_damaged(path, f"it says {wrong or version}"))
    return choice


def _damaged(path: str, problem: str) -> str:
    return (
        f"{path} is not the number of shards that a run has chosen for the dataset, in "
        f"{FORMAT['format']} {FORMAT['format_version']}: {problem}. To leave its images as they "
        "are, give the number of files shard_<i>.h5 in the folder images beside it as the "
        "dataset's shards, in config.yaml. Or delete it: the number is chosen again, and with "
        "another one the images are made again."
    )
