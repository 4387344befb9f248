import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lensflow.paper.publish import (
    FIGURES,
    TABLES,
    caption,
    markdown,
    page,
    publish_stage,
    small_png,
)

ROLES = {"training": "first", "honest": "second", "challenge": "third"}


@pytest.fixture
def noise(tmp_path):
    """An image that compresses badly: 480 kB."""
    pixels = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    return tmp_path / "noise.png"


def test_a_large_figure_is_made_small_and_a_small_one_stays(noise):
    data = small_png(noise, 50_000)
    assert len(data) <= 50_000
    width, height = Image.open(io.BytesIO(data)).size
    assert width == height > 100
    assert small_png(noise, 10**7) == noise.read_bytes()


def test_everything_shown_has_a_caption_and_is_shown_once():
    assert all(caption(shown.name) for shown in FIGURES)
    for shown in (FIGURES, TABLES):
        assert len({(s.role, s.name) for s in shown}) == len(shown)


def test_markdown_of_a_table():
    lines = markdown(pd.DataFrame({"a": ["1", "x|y"], "b": ["", "2"]}))
    assert lines == ["| a | b |", "| --- | --- |", "| 1 |  |", "| x/y | 2 |"]


def test_publishing_copies_and_writes_the_page(tmp_path, noise):
    results = tmp_path / "results"
    for shown in FIGURES:
        target = results / ROLES[shown.role] / f"figures/{shown.name}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(noise.read_bytes())
    for shown in TABLES:
        (results / ROLES[shown.role] / f"{shown.name}.csv").write_text("a\n1\n")
    comparison = results / "paper_comparison.csv"
    comparison.write_text("quantity,paper,ours\nAUC,0.8617,0.8\n")
    publish_stage(ROLES, comparison, results, "make published", results / "README.md")
    text = (results / "README.md").read_text()
    assert "| AUC | 0.8617 | 0.8 |" in text
    assert "make published" in text
    for path in (results / "published").rglob("*"):
        assert path.is_dir() or path.stat().st_size <= 300_000
        assert path.is_dir() or str(path.relative_to(results)) in text


def test_the_page_names_the_experiments():
    assert "`first`, `second`, `third`" in page(ROLES, pd.DataFrame({"a": ["1"]}), "x")
