"""Networks applied to images, batch by batch."""

import numpy as np
import pytest

pytest.importorskip("keras")

from lensflow.networks import inference, runtime


class Doubled:
    """A model that notes how many images it is given at once."""

    def __init__(self):
        self.input = np.empty((1, 3, 3, 1))
        self.sizes = []

    def predict_on_batch(self, images):
        self.sizes.append(len(images))
        return [2 * images, images.sum(axis=(1, 2, 3))]


@pytest.mark.parametrize(
    ("on_gpu", "n_images", "batch", "sizes"),
    [
        (False, 70, 32, [32, 32, 6]),
        (True, 70, 32, [256]),
        (True, 600, 32, [256, 256, 256]),
        (True, 1030, 512, [512, 512, 512]),
    ],
)
def test_a_gpu_gets_full_batches_and_the_same_comes_out(
    on_gpu, n_images, batch, sizes, monkeypatch
):
    monkeypatch.setattr(runtime, "has_accelerator", lambda: on_gpu)
    images = np.random.default_rng(0).normal(size=(n_images, 3, 3, 1)).astype("float32")
    model = Doubled()
    doubled, sums = inference.predict(model, images, batch)
    assert model.sizes == sizes
    np.testing.assert_array_equal(doubled, 2 * images)
    np.testing.assert_array_equal(sums, images.sum(axis=(1, 2, 3)))
