"""What a network on the images makes of few looks at clusters: a student for each number of looks.

    python -m lensflow.studies.teach_students --work encoders --output results/published/looking

Objects, polar features, clusters and the judge who is always right are those of
`lensflow.studies.look_little`. What the clusters say of the training images after so many looks,
the student learns; another one learns of the images that were looked at what was said of them
themselves. All are scored on fresh objects. Writes ``students.csv``: one row a way (``clusters``,
``student``, ``student, graded``), sample and number of looks, with means and standard deviations
over draws of the objects, each of which has its own mixture and networks. Trains two networks a
draw and number of looks: about two minutes of one core each.
"""

import argparse
import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lensflow.files.tables import write_csv
from lensflow.networks.kinds import STUDENTS
from lensflow.networks.runtime import start_backend
from lensflow.samples.stacks import write_stack
from lensflow.seeds import rng
from lensflow.simulate.constants import SIZE
from lensflow.studies.command import command
from lensflow.studies.compare_encoders import BLOCK, encoded
from lensflow.studies.encodings import Encoded
from lensflow.studies.look_little import clustered, merit, samples, summary
from lensflow.studies.looking import JUDGES, Clustered, by_clusters, spread
from lensflow.workflow.config import complete

ENCODER, EXPERIMENT, SCALE = "polar", "goal_student", "sigma"
LOOKS = (50, 100, 200, 600)


def teach(
    data: Encoded, targets: np.ndarray, preset: dict, seed: int, folder: Path
) -> dict[str, np.ndarray]:
    """Train a preset's students on the training sample; return their mean logits of the others.

    Parameters
    ----------
    data : Encoded
    targets : ndarray of shape (n,), float32
        What it is to say of each training image: probabilities.
    preset : dict
        With students.
    seed : int
    folder : Path
        For what the training writes.
    """
    # Keras takes the backend that is set when it is imported.
    from lensflow.embed.predictions import load_student
    from lensflow.train.network import train_network

    stack = folder / "stack.h5"
    if not stack.is_file():
        _write_images(data, stack)
    others = [name for name in data.samples if name != "train"]
    logits = {name: [] for name in others}
    for student in filter(preset.__contains__, STUDENTS):
        weights = folder / f"{student}.weights.h5"
        written = (weights, folder / "history.csv", folder / "report.json")
        backup = {"backup_folder": folder / f"backup_{student}_{seed}"}
        train_network(student, preset, [stack], *written, targets=targets, seed=seed, **backup)
        predict = load_student(student, weights, preset, SCALE)
        for name in others:
            logits[name].append(encoded(predict, data.images(name)))
    return {name: np.mean(each, axis=0) for name, each in logits.items()}


def _write_images(data: Encoded, path: Path) -> None:
    images, table = data.images("train"), data.table("train")
    rows = pd.DataFrame({"id": table["id"], "rotation": 0, "is_lens": -1})
    blocks = (images[start : start + BLOCK] for start in range(0, len(images), BLOCK))
    write_stack(path, rows, blocks, SIZE, SCALE, "in units of the sky noise")


def with_train(objects: Clustered) -> Clustered:
    """Return objects among whose other samples is the training sample, as ``taught``."""
    return dataclasses.replace(
        objects,
        features={**objects.features, "taught": objects.features["train"]},
        responsibilities={**objects.responsibilities, "taught": objects.responsibilities["train"]},
    )


def measure(data: Encoded, preset: dict, given, folder: Path) -> Iterator[dict]:
    """Yield the merit of every way for every draw, number of looks and sample."""
    features = data.features(ENCODER)
    for seed in range(given.n_draws):
        objects = with_train(clustered(features, given.n_clusters, seed)[0])
        answers = JUDGES[0].answers(data.table("train"), rng(given.seed, "students", seed))
        for n_looks in given.looks:
            stream = given.seed, "students", seed, n_looks
            said = by_clusters(objects, answers, n_looks, rng(*stream))
            targets = said.pop("taught").astype(np.float32)
            # The same stream draws the same looks.
            looked = spread(objects.clusters, objects.n_clusters, n_looks, rng(*stream))
            lessons = {"student": targets, "student, graded": targets.copy()}
            lessons["student, graded"][looked] = answers[looked]
            taught = {
                way: teach(data, lesson, preset, 1000 * seed + n_looks, folder)
                for way, lesson in lessons.items()
            }
            for way, scores in {"clusters": said, **taught}.items():
                for sample, score in scores.items():
                    found = merit(data.table(sample)["is_lens"].to_numpy(), score)
                    key = {"encoder": ENCODER, "way": way, "judge": JUDGES[0].name}
                    yield {**key, "sample": sample, "n_looks": n_looks, **found}
            print("draw", seed, n_looks, "looks", flush=True)


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder of simulated images")
    parser.add_argument("--output", type=Path, required=True, help="folder of the table")
    parser.add_argument("--n-train", type=int, default=6000, help="objects to fit on and look at")
    parser.add_argument("--n-test", type=int, default=3000, help="fresh objects a population")
    parser.add_argument("--n-features", type=int, default=16)
    parser.add_argument("--n-clusters", type=int, default=24)
    parser.add_argument("--n-draws", type=int, default=3, help="of objects, mixtures and networks")
    parser.add_argument("--looks", type=int, nargs="+", default=LOOKS)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


@command
def main() -> None:
    """Simulate, look, teach, and write the table."""
    given = arguments()
    start_backend("tensorflow", 1)
    preset = complete({"run": [EXPERIMENT]})["presets"]["polar_student"]
    data = Encoded(given.work, samples(given.n_train, given.n_test), given.n_features, given.seed)
    with tempfile.TemporaryDirectory() as folder:
        table = summary(pd.DataFrame(measure(data, preset, given, Path(folder))))
    write_csv(given.output / "students.csv", table)
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
