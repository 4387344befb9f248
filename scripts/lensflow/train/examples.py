"""Some training images beside their reconstructions, for a figure."""

from os import PathLike

import numpy as np

from lensflow import artifacts
from lensflow.networks.build import BuiltNetwork
from lensflow.networks.inference import reconstruct
from lensflow.samples.stacks import open_stack
from lensflow.seeds import rng

N_EXAMPLES = 32


def write_examples(
    network: BuiltNetwork,
    stack_path: str | PathLike,
    output_path: str | PathLike,
    batch: int,
    seed: int,
) -> None:
    """Store some training images beside their reconstructions.

    Parameters
    ----------
    network : BuiltNetwork
        A trained autoencoder.
    stack_path : path-like
        A stack that it was trained on.
    output_path : path-like
        An artifact of kind ``examples`` to write.
    batch : int
        Images that the network sees at once.
    seed : int
        Seed of the choice of `N_EXAMPLES` images.
    """
    with open_stack(stack_path) as stack:
        chosen = np.sort(rng(seed, "examples").permutation(len(stack))[:N_EXAMPLES])
        rows, images = stack.rows().iloc[chosen], stack.images(chosen)
    made = reconstruct(network, images, batch)
    with artifacts.create(output_path, "examples") as writer:
        writer.strings("id", rows["id"], "identifier")
        text = "1 lens, 0 non-lens, -1 unknown"
        writer.dataset("is_lens", rows["is_lens"].to_numpy(np.int8), "1", text)
        writer.dataset("input", images, "1", "image given to the autoencoder, 0 to 1")
        writer.dataset("reconstruction", made, "1", "what the autoencoder makes of it, 0 to 1")
