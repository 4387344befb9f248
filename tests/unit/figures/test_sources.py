import numpy as np
import pytest

from lensflow.errors import ArtifactError
from lensflow.figures import sources
from lensflow.samples.images import open_images
from lensflow.samples.stacks import Stack, open_stack


def test_images_come_in_the_order_asked_for(paths):
    with open_stack(paths["stacks"][1]) as stack:
        rows, expected = stack.rows().iloc[[5, 2]], stack.images()[[5, 2]]
    wanted = list(zip(rows["id"], rows["rotation"].tolist(), strict=True))
    np.testing.assert_array_equal(sources.stack_images(paths["stacks"], wanted), expected)


def test_missing_image_is_named(paths):
    with pytest.raises(ArtifactError, match="id nowhere, rotation 0"):
        sources.stack_images(paths["stacks"], [("nowhere", 0)])


def test_flux_and_sky_belong_to_the_ids(paths):
    flux, sky = sources.dataset_images(paths["shards"], ["100050", "100001"])
    assert flux.shape == (2, 101, 101)
    with open_images(paths["shards"][0]) as shard:
        np.testing.assert_array_equal(flux[1], shard.flux()[1])
    assert (sky > 0).all()


def test_rows_are_read_together_where_they_follow_each_other(paths, monkeypatch):
    monkeypatch.setattr(sources, "BLOCK", 3)
    read, spans = Stack.images, []

    def images(stack, rows):
        spans.append((rows.start, rows.stop))
        return read(stack, rows)

    monkeypatch.setattr(Stack, "images", images)
    with open_stack(paths["stacks"][0]) as stack:
        rows, expected = stack.rows(), read(stack, slice(None))
    chosen = [9, 4, 2, 3, 5, 6, 0]
    wanted = list(zip(rows["id"].iloc[chosen], rows["rotation"].iloc[chosen], strict=True))
    np.testing.assert_array_equal(sources.stack_images(paths["stacks"], wanted), expected[chosen])
    assert spans == [(0, 1), (2, 5), (5, 7), (9, 10)]
