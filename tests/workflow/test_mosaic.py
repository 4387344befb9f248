"""From a mosaic and a catalogue to candidates: those that the same objects give as cutouts."""

import pandas as pd
import yaml
from astropy.table import Table

from lensflow.studies.build_mosaic import build, datasets
from workflow.conftest import snakemake


def test_candidates_of_a_mosaic_are_those_of_its_cutouts(finished, tmp_path):
    source = finished / "results/data/small_challenge/simulated"
    paths = sorted(source.rglob("Public/Band1/*.fits"), key=lambda path: path.name)
    catalogue = build(paths, tmp_path / "data")
    known = catalogue.iloc[[3, 8]].assign(name=["one", "two"])
    known.to_csv(tmp_path / "known.csv", index=False)
    made = datasets(tmp_path / "data", shards=3)
    for entry in made.values():
        entry["known_lenses"] = "known.csv"
    survey = {
        "protocol": "unlabelled", "preset": "polar", "scales": ["sigma"], "n_features": [4],
        "mixture": {"n_components": 5, "engine": "lensflow"}, "runs": 1, "labels": ["nobody"],
        "n_candidates": 30,
    }  # fmt: skip
    experiments = {f"search_{name}": {"dataset": name, **survey} for name in made}
    config = {"run": list(experiments), "seed": 3, "datasets": made, "experiments": experiments}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    stems = [f"results/search_{name}/candidates_{name}" for name in made]
    files = [f"{stem}{end}" for stem in stems for end in (".csv", ".ecsv", ".reg", "_cutouts.fits")]
    files += [f"results/search_{name}/completeness_{name}.csv" for name in made]
    snakemake(tmp_path, "--cores", 2, *files)

    tile, cutouts = (pd.read_csv(tmp_path / f"{stem}.csv") for stem in stems)
    assert len(tile) == 30
    same = [name for name in tile if name != "path"]
    assert {"log_density", "cluster", "ra", "dec", "known_lens"} <= set(same)
    pd.testing.assert_frame_equal(tile[same], cutouts[same], check_exact=True)
    assert (tile["path"] == "mosaic.fits").all()
    for suffix in (".reg", "_cutouts.fits"):
        one, other = ((tmp_path / f"{stem}{suffix}").read_bytes() for stem in stems)
        assert suffix != ".reg" or one == other
        assert len(one) == len(other)
    assert Table.read(tmp_path / f"{stems[0]}.ecsv")["ra"].unit == "deg"
    counts = pd.read_csv(tmp_path / "results/search_tile/completeness_tile.csv")
    assert counts["n_known"].tolist() == [2]
    places = catalogue.astype({"id": str}).set_index("id")
    for row in tile.itertuples():
        assert abs(row.ra - places["ra"][str(row.id)]) < 1e-7
