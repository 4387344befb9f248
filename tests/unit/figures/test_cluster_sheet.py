import numpy as np

from lensflow.figures.cluster_sheet import cluster_sheet, cluster_title
from lensflow.figures.members import read_clusters
from lensflow.seeds import rng
from unit.figures.small_sample import write_images, write_small_sample


def test_titles_hold_the_fractions(small_sample):
    cluster = read_clusters(*small_sample, n_shown=25, seed=0)[0]
    title = cluster_title(cluster, labelled=True)
    assert title == "cluster 0: 4 members\nlens 0.75, non-lens 0.25, $F_{len}$ 0.75"


def test_title_without_labels_says_nothing_of_them(small_sample):
    cluster = read_clusters(*small_sample, n_shown=25, seed=0)[0]
    assert cluster_title(cluster, labelled=False) == "cluster 0: 4 members"


def test_title_of_unknown_labels(small_sample):
    cluster = read_clusters(*small_sample, n_shown=25, seed=0)[2]
    assert cluster_title(cluster, labelled=True) == "cluster 2: 1 members"


def test_blind_sheet_does_not_depend_on_labels(tmp_path):
    drawn = []
    write_images(
        tmp_path / "stack.h5",
        rng(0, "stack").random((6, 8, 8), np.float32),
        [f"o{number}" for number in range(6)],
    )
    for labels in ([0] * 6, [1, 0, -1, 1, 1, 0]):
        small = write_small_sample(tmp_path, labels, [0, 0, 1, 1, 1, 2], np.zeros((6, 2)), 3)
        png, pdf = tmp_path / "sheet.png", tmp_path / "sheet.pdf"
        cluster_sheet(*small, [tmp_path / "stack.h5"], png, pdf, labelled=False, seed=0)
        drawn.append((png.read_bytes(), pdf.read_bytes()))
    assert drawn[0] == drawn[1]


def test_many_clusters_are_paged(tmp_path, files):
    numbers = list(range(10))
    small = write_small_sample(tmp_path, [1] * 10, numbers, np.zeros((10, 2)), n_clusters=10)
    write_images(
        tmp_path / "stack.h5",
        np.full((10, 8, 8), 0.5, np.float32),
        [f"o{number}" for number in numbers],
    )
    cluster_sheet(*small, [tmp_path / "stack.h5"], *files, labelled=True, seed=0)
    assert b"/Count 2" in files[1].read_bytes()
