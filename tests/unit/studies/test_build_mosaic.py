import numpy as np
import pandas as pd
import pytest
import yaml
from astropy.io import fits

from lensflow.errors import CutoutError
from lensflow.samples.images import read_index
from lensflow.studies import build_mosaic
from lensflow.workflow.schema import fill_defaults
from unit.ingest.mosaic_fixtures import run

SIGMA = 7.77e-13


def write_cutouts(folder, n):
    paths = []
    folder.mkdir()
    for number in range(n):
        image = np.random.default_rng(number).normal(0, SIGMA, (101, 101))
        image[50, 50] += 100 * SIGMA
        paths.append(folder / f"imageEUC_VIS-{number + 100}.fits")
        fits.PrimaryHDU(image.astype("f4")).writeto(paths[-1])
    return paths


def entry(folder, name, shards=1):
    config = {"run": ["x"], "datasets": build_mosaic.datasets(folder, shards)}
    assert fill_defaults(config) == []
    return config["datasets"][name]


@pytest.mark.parametrize("shards", [1, 3])
def test_a_mosaic_gives_what_its_cutouts_give(tmp_path, shards):
    """Images, noise, positions and order to the bit: whatever comes after cannot differ."""
    catalogue = build_mosaic.build(write_cutouts(tmp_path / "made", 7), tmp_path / "out")
    tile, cutouts = (entry(tmp_path / "out", name, shards) for name in ("tile", "cutouts"))
    one = run(tmp_path / "out/mosaic", tmp_path / "tile", tile)
    other = run(tmp_path / "out/cutouts", tmp_path / "cutouts", cutouts)
    assert one[1].shape == (7, 101, 101)
    assert one[1].tobytes() == other[1].tobytes()
    assert one[2].empty
    assert other[2].empty
    pd.testing.assert_frame_equal(one[0], other[0], check_exact=True)
    assert one[0]["ra"].tolist() == catalogue["ra"].tolist()
    assert one[0]["dec"].tolist() == catalogue["dec"].tolist()
    # The maps are used: the noise is theirs, and flagged pixels are drawn anew.
    assert one[0]["sky_sigma"].nunique() == 7
    whole = fits.getdata(tmp_path / "made/imageEUC_VIS-100.fits")
    changed = (one[1][0] != whole).sum()
    assert changed == build_mosaic.FLAG_SIDE**2
    index = read_index(tmp_path / "tile/index.h5", catalogue=None)
    assert (index["path"] == "mosaic.fits").all()


def test_too_small_a_mosaic_is_refused(tmp_path):
    paths = write_cutouts(tmp_path / "made", 5)
    with pytest.raises(CutoutError, match="5 cutouts need a side of 303 pixels; received 300"):
        build_mosaic.build(paths, tmp_path / "out", side=300)


def test_the_command_says_how_both_are_searched(tmp_path, monkeypatch, capsys):
    (tmp_path / "Public").mkdir()
    write_cutouts(tmp_path / "Public/Band1", 2)
    out = tmp_path / "out"
    monkeypatch.setattr("sys.argv", ["x", "--cutouts", str(tmp_path), "--output", str(out)])
    build_mosaic.main()
    assert capsys.readouterr().out.endswith(f" --configfile {out / 'config.yaml'}\n")
    assert fill_defaults(yaml.safe_load((out / "config.yaml").read_text())) == []


def test_a_folder_without_simulated_cutouts_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["x", "--cutouts", str(tmp_path), "--output", "out"])
    with pytest.raises(SystemExit):
        build_mosaic.main()
    assert f"no Public/Band1/*.fits below {tmp_path}; expected" in capsys.readouterr().err
