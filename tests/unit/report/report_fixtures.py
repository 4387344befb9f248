"""A small experiment in the workflow's own formats: no network was trained to make it."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from lensflow import artifacts
from lensflow.apply.recovery import Ranked, measure_completeness
from lensflow.cluster import clusterers
from lensflow.evaluate.finder import evaluate_finder_stage
from lensflow.prepare.augmentation import rotate
from lensflow.prepare.scaling import scale
from lensflow.samples.bands import band_axes, bands_attribute
from lensflow.samples.embeddings import write_embeddings
from lensflow.samples.injected import COLUMNS
from lensflow.samples.rows import MEASURES
from lensflow.samples.scores import scores_table, write_scores
from lensflow.samples.stacks import write_stack

SIZE = 101
SKY = 7.77e-13
METRICS = ("auc", "tpr0", "tpr10", "recall", "precision", "f1", "accuracy")
FINDER_TABLES = ("rates", "calibration", "calibration_summary", "missed")
PRESET = {
    "image_size": 101,
    "denoiser": {},
    "autoencoder": {
        "encoder": [
            {"filters": 128, "kernel": 8},
            {"filters": 64, "kernel": 7},
            {"filters": 32, "kernel": 3},
            {"filters": 16, "kernel": 3},
            {"filters": 8, "kernel": 3},
        ],
        "decoder": [
            {"filters": 8, "kernel": 3, "padding": "same"},
            {"filters": 16, "kernel": 3, "padding": "same"},
            {"filters": 32, "kernel": 3, "padding": "same"},
            {"filters": 64, "kernel": 3, "padding": "valid"},
            {"filters": 128, "kernel": 7, "padding": "valid"},
        ],
        "output_kernel": 8,
        "output_activation": "sigmoid",
        "dense": [64, 32],
        "embedding_activation": "relu",
    },
}


def make_objects(n=120, seed=1):
    """Catalogue, noisy fluxes and noise-free sources of lenses (rings) and non-lenses (blobs)."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    radius_map, angle_map = np.hypot(x, y), np.arctan2(y, x)
    is_lens = (np.arange(n) % 5 < 3).astype(np.int8)
    ring = draw.choice([8.0, 16.0, 30.0], n) + draw.normal(0, 0.7, n)
    peak = 10 ** draw.uniform(0.4, 1.6, n) * is_lens
    phase = draw.uniform(-np.pi, np.pi, n)
    arc = 0.3 + 0.7 * np.cos((angle_map - phase[:, None, None]) / 2) ** 8
    profile = np.exp(-0.5 * ((radius_map - ring[:, None, None]) / 2.0) ** 2)
    source = (peak[:, None, None] * profile * arc * SKY).astype(np.float32)
    core = 10 ** draw.uniform(1.3, 2.3, n)
    galaxy = core[:, None, None] * SKY * np.exp(-radius_map / draw.uniform(2, 5, n)[:, None, None])
    flux = (source + galaxy + draw.normal(0, SKY, source.shape)).astype(np.float32)
    lit = source > SKY
    catalogue = pd.DataFrame(
        {
            "is_lens": is_lens,
            "einstein_area_sr": np.pi * (ring * 0.1 / 206265) ** 2,
            "einstein_radius_arcsec": ring * 0.1,
            "numb_pix_lensed_image": lit.sum(axis=(1, 2)).astype(float),
            "flux_lensed_image_in_sigma": (source * lit).sum(axis=(1, 2)) / SKY,
        }
    )
    ids = [str(100000 + number) for number in range(n)]
    return ids, catalogue, flux, source


def write_dataset(folder, ids, catalogue, flux, source, n_shards=2):
    bounds = [shard * len(ids) // n_shards for shard in range(n_shards + 1)]
    bands = [f"band{number}" for number in range(flux.shape[1])] if flux.ndim == 4 else []
    attrs = {"dataset": "fake", "state": "raw", **bands_attribute(bands)}
    noise = np.full((len(ids), *band_axes(bands)), SKY, np.float32)
    shards = []
    for shard, (start, stop) in enumerate(itertools.pairwise(bounds)):
        path = folder / f"images/shard_{shard}.h5"
        rows = slice(start, stop)
        with artifacts.create(path, "images", attrs) as writer:
            writer.dataset("flux", flux[rows], "maggies", compress=False)
            writer.dataset("source_flux", source[rows], "maggies")
            writer.dataset("sky_sigma", noise[rows], "maggies")
            writer.strings("id", ids[rows])
            artifacts.write_table(writer, "catalogue", catalogue.iloc[rows])
        shards.append(path)
    shard_of = np.repeat(np.arange(n_shards), np.diff(bounds))
    with artifacts.create(folder / "index.h5", "index") as writer:
        writer.strings("id", ids)
        writer.dataset("shard", shard_of)
        writer.dataset("row", np.concatenate([np.arange(n) for n in np.diff(bounds)]))
        writer.dataset("sky_sigma", noise, "maggies")
        artifacts.write_table(writer, "catalogue", catalogue)
    (folder / "quarantine.csv").write_text("path,id,reason\nbad.fits,,not a FITS file\n")
    return folder / "index.h5", shards


def stack_at(folder, ids, rotation, is_lens, images, n_shards=2):
    paths = []
    for shard in range(n_shards):
        rows = slice(shard * len(ids) // n_shards, (shard + 1) * len(ids) // n_shards)
        path = folder / f"shard_{shard}.h5"
        table = pd.DataFrame({"id": ids, "rotation": rotation, "is_lens": is_lens})
        write_stack(path, table[rows], [images[rows]], SIZE, "log", "made up")
        paths.append(path)
    return paths


def write_run(folder, sample, ids, rotation, catalogue, images, n_features, run):
    """Embeddings (radial profiles), mixture, scores, labels and histories of one run."""
    draw = np.random.default_rng(run)
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    ring = np.minimum(np.hypot(x, y) // 6, n_features - 1).astype(int)
    embedding = np.stack([images[:, ring == k].mean(axis=1) for k in range(n_features)], axis=1)
    embedding = (embedding + draw.normal(0, 0.01, embedding.shape)).astype(np.float32)
    is_lens = catalogue["is_lens"].to_numpy()
    rows = pd.DataFrame({"id": ids, "rotation": rotation, "is_lens": is_lens})
    measured = rows.assign(**{name: catalogue[name].to_numpy() for name in MEASURES})
    path = folder / f"embeddings_{sample}.h5"
    write_embeddings(path, measured, [embedding], n_features)
    chosen = {"n_components": n_features, "seed": run, "max_iter": 500}
    fitted = clusterers.fit("scikit-learn", embedding, **chosen)
    fitted.save(folder / "mixture.h5")
    cluster = fitted.labels(embedding)
    known = np.array([_mean(is_lens[cluster == k]) for k in range(n_features)])
    judged = np.select([known >= 0.6, known <= 0.3], [1.0, 0.0], 0.5)
    for method, values in (("known", known), ("stand_in", judged)):
        pd.DataFrame(
            {
                "cluster": range(n_features),
                "probability": values,
                "non_lens_probability": np.nan,
                "n_members": np.bincount(cluster, minlength=n_features),
                "n_inspected": 25,
                "who": method,
                "when": "",
                "note": "",
                "mixture_hash": fitted.hash,
            }
        ).to_csv(folder / f"cluster_labels_{method}.csv", index=False)
    posterior = fitted.responsibilities(embedding)
    probabilities = {"known": posterior @ known, "stand_in": posterior @ judged}
    scores = scores_table(rows, cluster, probabilities, fitted.log_density(embedding))
    write_scores(folder / f"scores_{sample}.csv", [scores])
    with artifacts.create(folder / f"examples_{sample}.h5", "examples") as writer:
        writer.dataset("input", images[:8])
        writer.dataset("reconstruction", 0.9 * images[:8])
        writer.strings("id", ids[:8])
        writer.dataset("is_lens", is_lens[:8])
    write_history(folder / "autoencoder_history.csv", 80, run)
    report = {
        "parameters": 891017, "effective_dimension": 3.2, "dead_units": 2 * (run == 1),
        "final_loss": 0.21, "epochs": 80, "images": 108, "stopped": "epochs",
    }  # fmt: skip
    (folder / "autoencoder_report.json").write_text(json.dumps(report))


def _mean(values):
    return float(values.mean()) if values.size else 0.0


def write_history(path, n_epochs, seed):
    epoch = np.arange(1, n_epochs + 1)
    wiggle = np.random.default_rng(seed).normal(0, 0.001, n_epochs)
    loss = 0.21 + 0.15 / epoch + wiggle
    pd.DataFrame(
        {
            "epoch": epoch, "step": epoch * 10, "loss": loss, "val_loss": loss + 0.01,
            "constant_loss": 0.33, "learning_rate": 0.001,
        }
    ).to_csv(path, index=False)  # fmt: skip


def write_metrics(folder, n_features=(4, 6), scales=("log", "linear"), runs=3):
    draw = np.random.default_rng(5)
    rows, roc, null, baselines = [], [], [], []
    grid = np.linspace(0, 1, 101)
    for scale_name in scales:
        for d in n_features:
            for sample in ("train", "test"):
                for labels in ("known", "stand_in"):
                    for cut in ("none", "n100_snr50"):
                        auc = 0.78 + 0.008 * d + 0.05 * (cut != "none") - 0.01 * (labels != "known")
                        auc -= 0.03 * (scale_name == "linear")
                        tpr = grid ** (1 / auc - 1)
                        roc += [
                            (scale_name, d, sample, labels, cut, *point)
                            for point in zip(grid, tpr, tpr * 0.97, tpr * 0.97 + 0.03, strict=True)
                        ]
                        for run in range(runs):
                            value = auc + draw.normal(0, 0.006)
                            rows.append(
                                (scale_name, d, run, sample, labels, cut, 1200, 1100, value, 0.02,
                                 0.05, 0.71, 0.8, 0.752, 0.77, 852 + run, 213, 348 - run, 887)
                            )  # fmt: skip
            for run in range(runs):
                null += [(scale_name, d, run, k, draw.normal(0.5, 0.008)) for k in range(1, 21)]
    columns = ["scale", "n_features", "run", "sample", "labels", "cut", "n_lens", "n_nonlens"]
    metrics = pd.DataFrame(rows, columns=[*columns, *METRICS, "tp", "fp", "fn", "tn"])
    metrics.to_csv(folder / "metrics.csv", index=False)
    keys = ["scale", "n_features", "sample", "labels", "cut"]
    long = metrics.melt([*keys, "run"], list(METRICS), "metric")
    summary = long.groupby([*keys, "metric"])["value"].agg(["mean", "min", "max", "std", "count"])
    summary = summary.rename(columns={"count": "n_runs"}).reset_index()
    summary["boot_low"], summary["boot_high"] = summary["mean"] - 0.01, summary["mean"] + 0.01
    summary.to_csv(folder / "metrics_summary.csv", index=False)
    curve = [*keys, "fpr", "tpr_mean", "tpr_min", "tpr_max"]
    pd.DataFrame(roc, columns=curve).to_csv(folder / "roc.csv", index=False)
    names = ["scale", "n_features", "run", "shuffle", "auc"]
    pd.DataFrame(null, columns=names).to_csv(folder / "null.csv", index=False)
    for name, shift in (("pca_raw", -0.06), ("pca_denoised", -0.02)):
        worse = metrics.assign(representation=name, auc=metrics["auc"] + shift)
        baselines.append(worse)
    pd.concat(baselines).to_csv(folder / "baselines.csv", index=False)


def write_candidates(path, run_folder):
    scores = pd.read_csv(run_folder / "scores_train.csv", dtype={"id": str})
    best = scores.sort_values("p_lens_stand_in", ascending=False).drop_duplicates("id").head(30)
    best = best.assign(rank=range(1, len(best) + 1), p_lens=best["p_lens_stand_in"])
    best = best.assign(p_lens_min=best["p_lens"], p_lens_max=best["p_lens"])
    best["path"] = [f"Public/Band1/imageEUC_VIS-{name}.fits" for name in best["id"]]
    columns = [
        "rank",
        "id",
        "p_lens",
        "p_lens_min",
        "p_lens_max",
        "cluster",
        "log_density",
        "path",
        "is_lens",
    ]
    best[columns].to_csv(path, index=False)


def write_rankers(path, scores):
    """Density and arcs by ranks, and a control, made up."""
    ids = pd.read_csv(scores, dtype={"id": str})["id"].drop_duplicates().to_numpy()
    made = {"sample": "test", "id": ids, "score": np.random.default_rng(1).random(len(ids))}
    names = ("density_arcs", "isolation_forest")
    table = pd.concat([pd.DataFrame({**made, "labels": name}) for name in names])
    table.to_csv(path, index=False)
    return path


def write_finder(folder, run_folders, index):
    """What the headline model is as a finder, of the training sample under another name."""
    evaluate_finder_stage(
        ["test"],
        [run / "scores_train.csv" for run in run_folders],
        [run / "scores_train.csv" for run in run_folders],
        [run_folders[0] / "embeddings_train.h5"],
        [index],
        write_rankers(folder / "rankers.csv", run_folders[0] / "scores_train.csv"),
        {name: folder / f"{name}.csv" for name in FINDER_TABLES},
        n_bootstrap=10,
        seed=1,
    )


def write_injected(folder, n=40):
    """Sources behind the objects of a made-up dataset, and what is found of them."""
    _, catalogue, flux, source = make_objects(n, seed=3)
    lens = catalogue["is_lens"].to_numpy() == 1
    n, known = lens.sum(), catalogue[lens].reset_index(drop=True)
    values = {"galaxy": "100007", "source_flux_in_sigma": 30.0, "source_magnitude": 24.5}
    table = known.assign(**values)[list(COLUMNS)]
    path = folder / "data/faint_injected/images/shard_0.h5"
    with artifacts.create(path, "images", {"state": "raw", "shard": 0}) as writer:
        writer.dataset("flux", flux[lens], "maggies", compress=False)
        writer.dataset("source_flux", source[lens], "maggies")
        writer.dataset("sky_sigma", np.full(n, SKY, np.float32), "maggies")
        writer.strings("id", [f"injected_{number}" for number in range(n)])
        artifacts.write_table(writer, "catalogue", table)
    p_lens = np.linspace(0.99, 0.01, n)
    scores = {"id": [f"injected_{number}" for number in range(n)], "cluster": 0, "log_density": 0.0}
    injected, survey = folder / "injected.csv", folder / "survey.csv"
    pd.DataFrame({**scores, "p_lens_stand_in": p_lens}).to_csv(injected, index=False)
    others = {"id": [f"{number}" for number in range(100)], "cluster": 0, "log_density": 0.0}
    pd.DataFrame({**others, "p_lens_stand_in": np.arange(100) / 100}).to_csv(survey, index=False)
    names = ("sources", "completeness", "purity")
    tables = [folder / f"demo/injected_{name}_faint.csv" for name in names]
    samples = Ranked([survey]), Ranked([injected])
    measure_completeness(*samples, [path], "stand_in", 10, (0.01, 0.001), *tables)
    return [path]


def write_config(path, n, n_features, runs):
    experiment = {
        "dataset": "fake", "protocol": "honest", "preset": "demo", "scales": ["log"],
        "n_features": [n_features], "headline": {"scale": "log", "n_features": n_features},
        "runs": runs, "shards": 2, "labels": ["known", "stand_in"], "apply_to": ["faint"],
        "injections": None, "baselines": True, "appendix_a": None, "compare_paper": None,
        "mixture": {"spread": 0}, "beside": [], "grades": [],
    }  # fmt: skip
    simulated = {"kind": "simulate", "population": "training", "n_objects": n, "shards": 2}
    config = {
        "run": ["demo"],
        "seed": 1,
        "backend": "tensorflow",
        "datasets": {"fake": simulated, "faint": {**simulated, "population": "challenge"}},
        "presets": {
            "demo": {
                "encoder": "autoencoder",
                **PRESET,
                "training": {"autoencoder": {"epochs": 80}},
            }
        },
        "experiments": {"demo": experiment},
    }
    path.write_text(yaml.safe_dump(config))


def write_extras(root):
    """Benchmark files and the comparison with the paper."""
    header = "s\th:m:s\tmax_rss\tmax_vms\n"
    for name, seconds in (("fit_mixture_6_0", 2.5), ("fit_mixture_6_1", 3.5), ("split", 0.5)):
        path = root / f"benchmarks/demo/{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{header}{seconds}\t0:00:02\t150.5\t-\n")
    (root / "paper_comparison.csv").write_text(
        "quantity,paper,paper_error,ours,ours_error,experiment,data,note\n"
        "AUC (training protocol),0.8617,0.0063,0.8123,0.0040,demo,simulated,24 features there\n"
    )


def make_experiment(root, n=120, n_features=6, runs=2):
    """Write all results to ``root`` and return the paths that figures and the report ask for.

    The report finds it where results are: in a folder of that name.
    """
    root = Path(root)
    ids, catalogue, flux, source = make_objects(n)
    index, shards = write_dataset(root / "data/fake", ids, catalogue, flux, source)
    other = make_objects(n, seed=2)
    other[1]["flux_lensed_image_in_sigma"] *= 0.4
    faint_index, _ = write_dataset(root / "data/faint", *other)
    rotation = np.tile(np.arange(4, dtype=np.int8), n // 4)
    prepared = rotate(scale(flux, np.full(n, SKY), "log"), rotation)
    clean = flux - np.random.default_rng(0).normal(0, 1e-20, flux.shape).astype(np.float32)
    blurred = sum(np.roll(clean, (i, j), (1, 2)) for i in (-1, 0, 1) for j in (-1, 0, 1)) / 9
    denoised = rotate(scale(blurred, np.full(n, SKY), "log"), rotation)
    folder = root / "demo/log"
    labels = catalogue["is_lens"].to_numpy()
    raw = stack_at(folder / "stacks/train", ids, rotation, labels, prepared)
    stacks = stack_at(folder / "denoised/train", ids, rotation, labels, denoised)
    write_history(folder / "denoiser_history.csv", 80, 9)
    run_folders = []
    for run in range(runs):
        run_folder = folder / f"features_{n_features}/run_{run}"
        write_run(run_folder, "train", ids, rotation, catalogue, denoised, n_features, run)
        run_folders.append(run_folder)
    write_metrics(root / "demo", (4, n_features))
    write_candidates(root / "demo/candidates_faint.csv", run_folders[0])
    write_finder(root / "demo", run_folders, index)
    injected = write_injected(root)
    write_config(root / "demo/config.yaml", n, n_features, runs)
    write_extras(root)
    return {
        "root": root, "index": index, "faint_index": faint_index, "shards": shards, "raw": raw,
        "stacks": stacks, "runs": run_folders, "experiment": root / "demo", "scale": folder,
        "injected": injected,
    }  # fmt: skip
