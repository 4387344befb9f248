"""Everything that writes a file, called with made-up content: (path) -> None."""

from functools import cache

import numpy as np
import pandas as pd

from lensflow import artifacts
from lensflow.cluster import clusterers, labels
from lensflow.embed.pca import PcaEncoder
from lensflow.figures import style
from lensflow.files import tables, writing
from lensflow.ingest import quarantine
from lensflow.networks.runtime import start_backend
from lensflow.samples.embeddings import write_embeddings
from lensflow.samples.predictions import write_predictions
from lensflow.samples.rows import MEASURES
from lensflow.samples.scores import scores_table, write_scores
from lensflow.samples.stacks import write_stack
from lensflow.simulate.layout import write_catalogue
from lensflow.train.history import COLUMNS, write_history

N, SIZE = 300, 20
DRAWN = np.random.default_rng(1)
IMAGES = DRAWN.random((N, SIZE, SIZE)).astype("f4")
FEATURES = DRAWN.normal(size=(N, 3)).astype("f4")
IDS = [f"{number:04d}" for number in range(N)]
ROWS = pd.DataFrame({"id": IDS, "rotation": np.arange(N) % 4, "is_lens": np.arange(N) % 2})
MIXTURE = {"n_components": 2, "seed": 1, "max_iter": 500, "tol": 1.0, "n_init": 1}
MIXTURE |= {"reg_covar": 1e-6}


def index(path):
    with artifacts.create(path, "index") as writer:
        writer.growable("id", (0,), str)
        artifacts.grow_table(writer, "catalogue", ROWS)
        for start in range(0, N, 70):
            writer.append("id", IDS[start : start + 70])
            artifacts.append_table(writer, "catalogue", ROWS[start : start + 70])


def stack(path):
    blocks = (IMAGES[start : start + 64] for start in range(0, N, 64))
    write_stack(path, ROWS, blocks, SIZE, "log", "made up")


def embeddings(path):
    rows = ROWS.assign(**dict.fromkeys(MEASURES, 1.0))
    write_embeddings(path, rows, [FEATURES], 3)


def encoder(path):
    PcaEncoder.fit([IMAGES], N, 3, 1).save(path)


def mixture(path):
    clusterers.fit("lensflow", FEATURES, **MIXTURE).save(path)


def table(path):
    tables.write_csv(path, ROWS)


def scores(path):
    known = {"known": np.linspace(0, 1, N)}
    whole = scores_table(ROWS, np.arange(N) % 2, known, np.linspace(-1, 1, N))
    write_scores(path, [whole[:100], whole[100:]])


def cluster_labels(path):
    labels.write_template(path, np.arange(500), "0" * 64)


def history(path):
    write_history(path, [dict.fromkeys(COLUMNS, float(epoch)) for epoch in range(500)])


def left_out(path):
    quarantine.write(path, [(f"{name}.fits", name, "bad") for name in IDS])


def predicted(path):
    write_predictions(path, ROWS, [FEATURES[:, 0]], "known")


def page(path):
    writing.write_text(path, "<p>é</p>\n" * 2000)


def weights(path):
    from lensflow.networks.weights import write_weights

    write_weights(network(), path, "student")


def backup(path):
    from lensflow.train.backup import Backup, Progress

    progress = Progress(3, 1, 7.5, [2.5, 5.0, 7.5], [{"epoch": 3, "loss": 0.25}])
    variables = network().variables
    saved = Backup(path.parent, "made up")
    saved.path = path
    saved.save(progress, variables)


@cache
def network():
    """Return a network of 2,000 numbers, all of them the same in every process."""
    start_backend()
    import keras

    layer = keras.layers.Dense(50, use_bias=False, kernel_initializer="ones")
    return keras.Sequential([keras.Input((40,)), layer])


def catalogue(path):
    write_catalogue(path, [(name, "1", "0", "0", "0") for name in IDS])


def figure(path):
    style.save_png(style.new_figure(1, 1), path)


HDF5 = (index, stack, embeddings, encoder, mixture, predicted, weights)
TABLES = (table, scores, cluster_labels, history, left_out)
WRITERS = (*HDF5, *TABLES, page, catalogue, figure, backup)
