"""How many passes over the images the demo's training saves: both curves, as table and figure.

    python tests/benchmarks/bench_epochs.py [--objects 3000] [--epochs 100] [--folder FOLDER]

The demo's networks are trained on simulated images in two ways: plain Adam as the author's code
has it (constant learning rate 0.001, batches of 32), and the demo's own settings (Muon, one cosine
down from a higher rate, smaller batches) in a tenth of the passes. The same images, the same
held-out objects, no augmentation. With the full sizes about a quarter of an hour on two cores; the
results are results/published/epochs.csv and epochs.png.
"""

import argparse
import copy
import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import numpy as np
import pandas as pd
import yaml
from rows import row
from simulated import simulate

from lensflow.figures import style
from lensflow.networks.kinds import NETWORKS
from lensflow.networks.runtime import start_backend
from lensflow.prepare.inputs import prepare_images
from lensflow.samples.stacks import write_stack
from lensflow.simulate.shards import FIRST_ID
from lensflow.workflow.config import complete

ROOT = Path(__file__).resolve().parents[2]
N_FEATURES = 8
THREADS = 2
SHARE = 0.1
PLAIN = {"optimizer": "adam", "learning_rate": 0.001, "batch_size": 32, "schedule": "constant"}
RUNS = {"plain": "plain Adam", "demo": "the demo's settings"}


def run(objects: int, epochs: int, folder: Path) -> list[dict]:
    """Train both networks both ways, write table and figure, and return rows of `rows.row`."""
    start_backend(os.environ.get("KERAS_BACKEND", "tensorflow"), THREADS, deterministic=False)
    preset = complete(yaml.safe_load((ROOT / "config.yaml").read_text()))["presets"]["demo"]
    flux, _ = simulate(FIRST_ID, objects)
    # Flux is in units of the sky noise here.
    images = prepare_images(flux, np.ones(objects, "f4"), "log", preset["image_size"])
    networks = [network for network in NETWORKS if network in preset]
    curves = pd.concat(
        train(preset, network, name, images, epochs) for network in networks for name in RUNS
    )
    folder.mkdir(parents=True, exist_ok=True)
    curves.to_csv(folder / "epochs.csv", index=False)
    draw(curves, folder / "epochs.png")
    return [compare(network, curve) for network, curve in curves.groupby("network", sort=False)]


def train(preset: dict, network: str, name: str, images: np.ndarray, epochs: int) -> pd.DataFrame:
    """Return the history of one training."""
    # Keras takes the backend that is set when it is imported.
    from lensflow.train.network import train_network

    preset = copy.deepcopy(preset)
    settings = {"epochs": epochs, **PLAIN} if name == "plain" else {"epochs": round(SHARE * epochs)}
    preset["training"][network] |= {**settings, "patience": 0, "augment": "none"}
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, end) for end in ("a.weights.h5", "history.csv", "report.json")]
        stack, ids = Path(folder, "stack.h5"), np.arange(len(images)).astype(str)
        rows = pd.DataFrame({"id": ids, "rotation": 0, "is_lens": -1})
        write_stack(stack, rows, [images], images.shape[1], "log", "simulated image")
        n_features = N_FEATURES if NETWORKS[network].has_features else None
        options = {"n_features": n_features, "seed": 1, "backup_folder": Path(folder, "backup")}
        train_network(network, preset, [stack], *paths, **options)
        history = pd.read_csv(paths[1])
    return history.assign(network=network, run=name, images=len(images))


def compare(network: str, curve: pd.DataFrame) -> dict:
    """Return the passes after which the short run is where the plain one ends, beside all of its.

    Held-out losses at a constant rate go up and down, so the plain run's end is the median over the
    last tenth of its passes. A run that does not get there has saved nothing.
    """
    plain, demo = (curve[curve["run"] == name] for name in RUNS)
    reached = demo.loc[demo["val_loss"] <= end_of(plain), "epoch"]
    needed = reached.iloc[0] if len(reached) else len(plain)
    name = f"passes to the held-out loss that plain Adam ends with, {network}: the demo's settings"
    return row(name, "epochs", float(needed), float(len(plain)), SHARE, "at most")


def end_of(plain: pd.DataFrame) -> float:
    """Return the held-out loss that a run at a constant rate ends with."""
    return plain["val_loss"].tail(max(1, round(SHARE * len(plain)))).median()


def draw(curves: pd.DataFrame, png: Path) -> None:
    """Draw held-out loss against passes, a panel a network."""
    with style.paper():
        figure = style.new_figure(style.PAGE_INCHES, 2.8)
        networks = list(curves.groupby("network", sort=False))
        for axes, (network, curve) in zip(
            figure.subplots(1, len(networks), squeeze=False)[0], networks, strict=True
        ):
            for (name, label), colour in zip(RUNS.items(), style.CYCLE, strict=False):
                history = curve[curve["run"] == name]
                axes.plot(history["epoch"], history["val_loss"], color=colour, label=label)
            plain = curve[curve["run"] == "plain"]
            axes.axhline(end_of(plain), color=style.GREY, ls=":", lw=0.9, label="end of plain Adam")
            low = curve["val_loss"].min()
            high = plain["val_loss"].iloc[min(2, len(plain) - 1)]
            axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
            axes.set_xscale("log")
            axes.set_xlabel("passes over the training images")
            axes.set_ylabel("held-out binary cross-entropy")
            axes.set_title(network)
            axes.legend(loc="upper right")
        style.save_png(figure, png)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--long", action="store_true", help="the full sizes, as by default")
    parser.add_argument("--objects", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--folder", type=Path, default=ROOT / "results/published")
    asked = parser.parse_args()
    print(json.dumps(run(asked.objects, asked.epochs, asked.folder), indent=1))
