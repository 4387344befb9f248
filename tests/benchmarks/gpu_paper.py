"""The paper's networks on a GPU, as parts of its check (gpu_check.py): trained, judged, applied.

One denoiser and three autoencoders of the author's layers learn from 25,600 simulated images for as
many passes as fit. With Muon and a falling rate a pass stands for some ten of plain Adam
(workflow/docs/speed.md), and in batches of 128 a card is not idle. Then 24 clusters of each are
judged on objects that nothing was fitted to, beside principal components in their place.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench_gpu import N_FEATURES, reason
from gpu_told import N_SURVEY_OBJECTS, TRAINING_IMAGES, Check, start
from rows import row

RUNS = 3
"""Autoencoders, which differ by their seed."""
TRAINING = {"batch_size": 128, "optimizer": "muon", "schedule": "cosine"}
RATES = {"denoiser": 0.005, "autoencoder": 0.003}
DENOISER_SHARE = 0.25
"""Of the time for training."""
MARGIN = 0.1
"""Of the time for a training that is left free, since passes differ."""
N_COMPONENTS = 24
MIXTURE = {"n_components": N_COMPONENTS, "max_iter": 500}
JUDGEMENTS = ("known", "stand_in")
LARGER_BATCH = 512
N_SHARDS = 8
"""Of the survey: 100,000 images in all. Each is the same one, read anew."""
PREPARED_STACKS = {"training": "stack.h5", "fresh": "fresh.h5"}
DENOISED_STACKS = {"training": "seen.h5", "fresh": "fresh_seen.h5"}


def trained_preset(preset: Mapping) -> dict:
    """Return a preset with the settings of these trainings, in the precision of the machine."""
    training = {
        network: settings | TRAINING | {"learning_rate": RATES[network]}
        for network, settings in preset["training"].items()
    }
    return dict(preset) | {"training": training, "precision": "auto"}


# --- training -------------------------------------------------------------------------------------


def train(check: Check) -> Iterator[dict]:
    """Train the denoiser and the autoencoders for as many passes as fit."""
    start(check, deterministic=True)
    from lensflow.train.denoised import denoise_stack

    stack, denoised = check.path("stack.h5"), check.path("seen.h5")
    _prepare(check, "training.h5", stack)
    yield from _trained(check, "denoiser", stack, check.left * DENOISER_SHARE, ("",))
    began = time.perf_counter()
    denoise_stack(stack, check.path("denoiser.weights.h5"), check.preset, denoised)
    rate = check.count(TRAINING_IMAGES) / (time.perf_counter() - began)
    yield row(f"denoising a stack, {check.backend}, from file to file", "images/s", rate)
    runs = [f"_{number}" for number in range(RUNS)]
    yield from _trained(check, "autoencoder", denoised, check.left, runs)


def _prepare(check: Check, images_name: str, stack: Path) -> None:
    """Write the stack of an image shard."""
    from lensflow.embed.images import prepared_blocks
    from lensflow.samples.images import open_images
    from lensflow.samples.stacks import PREPARED, write_stack

    size = check.preset["image_size"]
    with open_images(check.made(images_name)) as images:
        blocks = prepared_blocks(images, "flux", "log", size)
        stage = {"stage": PREPARED}
        write_stack(stack, images.rows(), blocks, size, "log", "simulated image", stage)


def _trained(
    check: Check, network: str, stack: Path, left: float, runs: Sequence[str]
) -> Iterator[dict]:
    """Train a network once a run for as many passes as fit, which two passes before it say."""
    from lensflow.errors import TrainingError

    ends, most = time.time() + left, max(2, round(check.scale * _epochs(check, network)))
    trial = _train_for(check, network, stack, "_trial", 2, seed=0)
    a_pass = max(trial[1] - trial[0], 1e-3)
    compiling = max(trial[0] - a_pass, 0.0)
    a_run = (ends - time.time()) / len(runs)
    fit = int(min(most, (1 - MARGIN) * (a_run - compiling) / a_pass))
    precision, n_images = check.preset["precision"], check.count(TRAINING_IMAGES)
    name = f"{network} of the paper preset as the workflow trains it, {check.backend}"
    name = f"{name}, precision {precision}, batches of {_batch(check, network)}"
    yield row(f"{name}, until its first pass is over: compilation", "s", compiling)
    for seed, run in enumerate(runs, start=1):
        try:
            passes = _train_for(check, network, stack, run, max(2, fit), seed)
        except TrainingError as error:  # the other runs go on
            yield {"name": f"{name}, run {seed}", "failed": reason(error)}
            continue
        a_pass = (passes[-1] - passes[0]) / (len(passes) - 1)
        yield row(f"{name}, run {seed}, a pass over {n_images:,} images", "s", a_pass)
        yield row(f"{name}, run {seed}, passes", "1", len(passes))


def _train_for(
    check: Check, network: str, stack: Path, run: str, epochs: int, seed: int
) -> list[float]:
    """Train from the start; return the seconds after which each pass was over."""
    import pandas as pd

    # Keras takes the backend that is set when it is imported.
    from lensflow.networks.kinds import NETWORKS
    from lensflow.train.network import train_network

    settings = check.preset["training"][network] | {"epochs": epochs}
    preset = check.preset | {"training": check.preset["training"] | {network: settings}}
    name = f"{network}{run}"
    outputs = [check.path(f"{name}{end}") for end in (".weights.h5", ".csv", ".json")]
    n_features = N_FEATURES if NETWORKS[network].has_features else None
    options = {"seed": seed, "data_on": "device", "backup_folder": check.path("backup")}
    report = train_network(network, preset, [stack], *outputs, n_features=n_features, **options)
    if run != "_trial":
        curves, found = check.path("loss.csv"), pd.read_csv(outputs[1]).assign(network=name)
        others = [pd.read_csv(curves)] if curves.exists() else []
        pd.concat([*others, found]).to_csv(curves, index=False)
    return list(report.seconds_by_epoch)


def _epochs(check: Check, network: str) -> int:
    return check.preset["training"][network]["epochs"]


def _batch(check: Check, network: str) -> int:
    return check.preset["training"][network]["batch_size"]


# --- judging --------------------------------------------------------------------------------------


def judge(check: Check) -> Iterator[dict]:
    """Judge clusters of every run, and of principal components, on objects not seen before."""
    start(check, deterministic=True)
    import pandas as pd

    from lensflow.embed.images import denoise_images
    from lensflow.evaluate.baselines import fit_components, project

    denoiser, survey = check.made("denoiser.weights.h5"), check.made("survey.h5")
    weights = sorted(check.path("").glob("autoencoder_[0-9].weights.h5"))
    denoise_images(survey, denoiser, check.preset, "log", check.path("fresh_seen.h5"))
    lines = []
    for run, path in enumerate(weights):
        samples = {name: _encoded(check, path, made) for name, made in DENOISED_STACKS.items()}
        lines += _merits("autoencoder", run, samples)
        _keep_table(check, lines)
    _prepare(check, "survey.h5", check.path("fresh.h5"))
    for name, stacks in (("pca_raw", PREPARED_STACKS), ("pca_denoised", DENOISED_STACKS)):
        components = fit_components([check.path(stacks["training"])], N_FEATURES, 1)
        samples = {
            sample: project([check.path(made)], components) for sample, made in stacks.items()
        }
        lines += _merits(name, 0, samples)
        _keep_table(check, lines)
    means = pd.DataFrame(lines).groupby(["features", "labels", "sample"], sort=False)["auc"].mean()
    for (features, labels, sample), auc in means.items():
        yield row(f"AUC, {features}, {labels}, {sample} simulated objects", "1", auc)


def _encoded(check: Check, weights: Path, stack: str) -> tuple:
    """Return features (n, d) and rows of a stack."""
    import numpy as np

    from lensflow.embed.encoders import ENCODERS
    from lensflow.samples.stacks import open_stack

    encode = ENCODERS["autoencoder"].load(weights, check.preset, N_FEATURES)
    with open_stack(check.path(stack)) as images:
        return np.concatenate([encode(block) for block in images.blocks()]), images.rows()


def _merits(features: str, run: int, samples: Mapping) -> list[dict]:
    """Return a line for each judgement of the clusters of one run, and each sample."""
    from lensflow.cluster.fitting import fit_clusters
    from lensflow.cluster.judgements import judged_by_rule
    from lensflow.cluster.probability import lens_probability
    from lensflow.evaluate.metrics import all_metrics, as_numbers

    train, rows = samples["training"]
    mixture = fit_clusters(train, "lensflow", None, **MIXTURE, seed=run)
    clusters = mixture.labels(train), rows["id"].to_numpy(), rows["is_lens"].to_numpy()
    shares = {sample: mixture.responsibilities(found) for sample, (found, _) in samples.items()}
    lines = []
    for labels in JUDGEMENTS:
        verdicts = judged_by_rule(labels).judge(*clusters, N_COMPONENTS, run)
        for sample, (_, table) in samples.items():
            p_lens = lens_probability(shares[sample], verdicts.probability)
            key = {"features": features, "run": run, "labels": labels, "sample": sample}
            lines.append(key | as_numbers(all_metrics(table["is_lens"].to_numpy(), p_lens)))
    return lines


def _keep_table(check: Check, lines: list[dict]) -> None:
    import pandas as pd

    pd.DataFrame(lines).to_csv(check.path("judged.csv"), index=False)


# --- a survey -------------------------------------------------------------------------------------


def survey(check: Check) -> Iterator[dict]:
    """Embed and score a survey, from image shards to probabilities."""
    start(check, deterministic=True)
    from lensflow.cluster.fitting import fit_mixture_stage
    from lensflow.cluster.labelling import label_clusters_stage
    from lensflow.cluster.scoring import score_stage

    weights = [check.made(f"{name}.weights.h5") for name in ("denoiser", "autoencoder_0")]
    yield from _networks_alone(check, *weights)
    mixture, labels = check.path("mixture.h5"), check.path("labels.csv")
    first = [_embedded(check, weights)]
    fit_mixture_stage(first, mixture, check.path("template.csv"), "lensflow", **MIXTURE, seed=1)
    label_clusters_stage(mixture, first, labels, JUDGEMENTS[0], seed=1)
    seconds, n_shards = {"embedding": 0.0, "scoring": 0.0}, 0
    for _ in range(N_SHARDS):
        if n_shards and check.left < sum(seconds.values()) / n_shards:
            break
        began = time.perf_counter()
        embeddings = _embedded(check, weights)
        embedded = time.perf_counter()
        score_stage(mixture, embeddings, {JUDGEMENTS[0]: labels}, check.path("scores.csv"))
        seconds["embedding"] += embedded - began
        seconds["scoring"] += time.perf_counter() - embedded
        n_shards += 1
    n_images = n_shards * check.count(N_SURVEY_OBJECTS)
    for stage, spent in seconds.items():
        name = f"{stage} {n_images:,} images in {n_shards} shards, from file to file"
        yield row(f"{name}, {check.backend}", "images/s", n_images / spent)


def _embedded(check: Check, weights: Sequence[Path]) -> Path:
    from lensflow.embed.images import embed_images

    images, output = check.made("survey.h5"), check.path("survey_embeddings.h5")
    chosen = (check.preset, N_FEATURES, "log")
    embed_images(images, weights[0], "autoencoder", weights[1], *chosen, output)
    return output


def _networks_alone(check: Check, denoiser: Path, autoencoder: Path) -> Iterator[dict]:
    """Measure both networks on images in memory, in batches of the training and larger ones."""
    from lensflow.embed.images import prepared_blocks
    from lensflow.networks.inference import embed, load_network, reconstruct
    from lensflow.prepare.scaling import min_max
    from lensflow.samples.images import open_images

    first = load_network("denoiser", check.preset, denoiser)
    second = load_network("autoencoder", check.preset, autoencoder, N_FEATURES)
    with open_images(check.path("training.h5")) as images:
        block = next(prepared_blocks(images, "flux", "log", check.preset["image_size"]))
    usual = _batch(check, "autoencoder")
    for batch in sorted({usual, max(1, round(check.scale * LARGER_BATCH))}):

        def both(images, batch=batch):
            return embed(second, min_max(reconstruct(first, images, batch)), batch)

        both(block)  # compiles
        began, n_images = time.perf_counter(), 0
        while (seconds := time.perf_counter() - began) < check.sizes.seconds or not n_images:
            both(block)
            n_images += len(block)
        name = f"denoising and embedding in memory, {check.backend}, batches of {batch}"
        yield row(name, "images/s", n_images / seconds)
