"""Sections of large images."""

import numpy as np

from lensflow.ingest.planes import Plane
from unit.ingest.mosaic_fixtures import noise, wcs_of, write


def test_a_plain_file_is_mapped_and_gives_its_memory_back(tmp_path):
    image = noise((200, 200))
    path = write(tmp_path / "a.fits", image, wcs_of(1.0, 1.0, image.shape))
    plane = Plane(path, None, 5, 21)
    for _ in range(2):
        assert (plane.section(slice(10, 31), slice(50, 71)) == image[10:31, 50:71]).all()
        plane.forget()
    assert isinstance(plane._pixels.base, np.memmap)
    plane.close()
