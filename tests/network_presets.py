"""Presets for the tests of networks and training: the paper's, and a tiny one."""

import numpy as np

# What the schema of the configuration fills in.
DEFAULTS = {
    "optimizer": "adam",
    "schedule": "constant",
    "patience": 0,
    "augment": "none",
    "max_shift": 0,
}


def _blocks(widths, kernels, paddings=None):
    blocks = [{"filters": f, "kernel": k} for f, k in zip(widths, kernels, strict=True)]
    if paddings is None:
        return blocks
    return [block | {"padding": p} for block, p in zip(blocks, paddings, strict=True)]


def _preset(size, network, dense, activation, training):
    embedding = {"embedding_activation": activation, "embedding_pooling": "none"}
    training = {**DEFAULTS, **training}
    return {
        "image_size": size,
        "encoder": "autoencoder",
        "denoiser": network,
        "autoencoder": network | {"dense": dense} | embedding,
        "training": {"denoiser": dict(training), "autoencoder": dict(training)},
        "precision": "float32",
    }


def paper():
    """Return the author's published layers."""
    widths = (128, 64, 32, 16, 8)
    network = {
        "encoder": _blocks(widths, (8, 7, 3, 3, 3)),
        "decoder": _blocks(widths[::-1], (3, 3, 3, 3, 7), ("same",) * 3 + ("valid",) * 2),
        "output_kernel": 8,
        "output_activation": "sigmoid",
    }
    training = {"epochs": 500, "batch_size": 32, "learning_rate": 0.001}
    return _preset(101, network, [64, 32], "relu", training)


def tiny(kernels=(4, 3), paddings=("same", "same"), output_kernel=4, size=13, **training):
    """Return a preset that trains in moments: 13 px, two layers, 7 px -> 4 px."""
    network = {
        "encoder": _blocks((4, 3), kernels),
        "decoder": _blocks((3, 4), kernels[::-1], paddings),
        "output_kernel": output_kernel,
        "output_activation": "sigmoid",
    }
    training = {"epochs": 2, "batch_size": 4, "learning_rate": 0.003} | training
    return _preset(size, network, [8], "linear", training)


def blobs(n_images=24, size=13, seed=0):
    """Return images (n, size, size) float32 in [0, 1]: a Gaussian at a random place in each."""
    places = np.random.default_rng(seed).uniform(3, size - 3, (n_images, 2, 1, 1))
    y, x = np.mgrid[:size, :size]
    squared = (y - places[:, 0]) ** 2 + (x - places[:, 1]) ** 2
    return np.exp(-squared / 8).astype("float32")


def tiny_student(size=13, **training):
    """Return a preset whose student trains in moments on images binned to 9 px."""
    training = {**DEFAULTS, "epochs": 2, "batch_size": 4, "learning_rate": 0.01, **training}
    return {
        "encoder": "pca",
        "image_size": size,
        "precision": "float32",
        "student": {"image_size": 9, "convolutions": _blocks((4, 3), (3, 3))},
        "training": {"student": training},
    }


def tiny_ring_student(**training):
    """Return a preset whose student of polar images trains in moments."""
    training = {**DEFAULTS, "epochs": 2, "batch_size": 4, "learning_rate": 0.01, **training}
    return {
        "encoder": "polar",
        "image_size": 101,
        "n_views": 2,
        "precision": "float32",
        "ring_student": {"convolutions": _blocks((4, 3), (3, 3)), "dense": [6]},
        "training": {"ring_student": training},
    }


def tiny_contrastive(**training):
    """Return a preset whose contrastive encoder trains in moments on two views an object."""
    training = {**DEFAULTS, "epochs": 2, "batch_size": 8, "learning_rate": 0.01, **training}
    network = {"convolutions": _blocks((4, 3), (3, 3)), "dense": [6], "projection": [6, 5]}
    return {
        "encoder": "contrastive",
        "image_size": 101,
        "n_views": 2,
        "precision": "float32",
        "contrastive": network,
        "training": {"contrastive": training},
    }
