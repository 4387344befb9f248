"""What the paper leaves open, what we chose, and where a user changes it."""

from typing import NamedTuple

from lensflow.prepare.scaling import LOG_KNEE


class Assumption(NamedTuple):
    """One thing that the paper does not give.

    Attributes
    ----------
    topic : str
    paper : str
        What the paper, or its author's published code, says.
    choice : str
    key : str
        Where it is configured; "-" where the library decides.
    """

    topic: str
    paper: str
    choice: str
    key: str


ASSUMPTIONS = (
    Assumption(
        "output activation",
        "softmax over one channel (section 2.1): 1 everywhere, so a misprint",
        "sigmoid, as in the author's code; softmax is refused",
        "presets.<name>.autoencoder.output_activation",
    ),
    Assumption(
        "logarithmic scale",
        "no formula",
        f"log10(1 + max(f, 0) / ({LOG_KNEE:g} sigma)) with each image's sky noise, then min-max",
        "experiments.<name>.scales",
    ),
    Assumption(
        "linear scale",
        "no formula; the author's code stretches each image to [0, 1]",
        "min-max of each image",
        "experiments.<name>.scales",
    ),
    Assumption(
        "noise added to rotated images",
        "insignificant Gaussian noise, no amplitude",
        "0.1 of the image's sky noise",
        "experiments.<name>.noise_fraction",
    ),
    Assumption(
        "kernels",
        "not given; the author's code has 8, 7, 3, 3, 3 and valid convolutions at the end of the "
        "decoder",
        "as in the author's code",
        "presets.<name>.autoencoder.encoder",
    ),
    Assumption(
        "dense layers",
        "128, 64, 32 in the text; 64, 32 between 128 flattened maps and 24 in the author's code",
        "64, 32: the text counts the flattened maps",
        "presets.<name>.autoencoder.dense",
    ),
    Assumption(
        "activation of the embedding",
        "not given; ReLU in the author's code",
        "ReLU in the presets paper, binned and small",
        "presets.<name>.autoencoder.embedding_activation",
    ),
    Assumption(
        "denoiser",
        "the same convolutions without dense layers; neither kernels nor training are given",
        "kernels and training of the feature autoencoder; its target is its own noisy input; its "
        "output is stretched to [0, 1] again",
        "presets.<name>.denoiser, presets.<name>.training.denoiser",
    ),
    Assumption(
        "denoiser of the reruns",
        "not said whether it is trained again in each of the three runs",
        "one denoiser for each scale, shared by all numbers of features and runs",
        "-",
    ),
    Assumption(
        "batch size, epochs, learning rate",
        "not given; the author's code has Adam at 0.001 and Keras' batch of 32, and advises at "
        "least 500 epochs",
        "Adam at 0.001, batches of 32, 500 epochs in the preset paper",
        "presets.<name>.training",
    ),
    Assumption(
        "settings of the mixture",
        "scikit-learn, K = number of features; the author's code takes every default, and 100 "
        "iterations do not converge at this size",
        "scikit-learn's priors and full covariances, up to 1,000 iterations",
        "experiments.<name>.mixture",
    ),
    Assumption(
        "assumed probability",
        "the authors looked at each cluster and chose 0, 0.5 or 1",
        "a person's table where there is one; else a stand-in that sees 25 true labels a cluster: "
        "1 from a lens fraction of 0.6, 0 up to 0.3",
        "experiments.<name>.labels, experiments.<name>.person_labels",
    ),
    Assumption(
        "which objects are for training",
        "12,800 lenses and 3,200 non-lenses at random; the draw is not published",
        "drawn from the seed; the honest experiment has the same objects",
        "seed",
    ),
    Assumption(
        "test sets of table 1",
        "non-lenses picked randomly and repeatedly from the rotated ones",
        "integer weights from one multinomial a ratio; nothing is copied",
        "seed",
    ),
    Assumption(
        "cut",
        "at 100 pixels and S/N 50, for both classes or for lenses only is not said",
        "as in the challenge: lenses that fail are dropped, every non-lens stays",
        "-",
    ),
    Assumption(
        "appendix A: images",
        "the pre-trained autoencoder of the linear scale; whether denoised is not said",
        "noise-free sources as they are, each object once, not denoised",
        "experiments.<name>.appendix_a.denoise",
    ),
    Assumption(
        "appendix A: mixture",
        "not said whether the first mixture is applied or a new one is fitted",
        "refitted to the embeddings of the sources, as many clusters as features",
        "experiments.<name>.appendix_a",
    ),
)
