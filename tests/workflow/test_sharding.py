"""How many shards a run has where the configuration does not say, from plan to jobs and again."""

import json
import re

import h5py

from workflow.conftest import configured, snakemake

KEPT = "results/data/{}/shards.json"


def planned(folder, rule, *arguments):
    """Return how many jobs of a rule a dry run plans."""
    output = snakemake(folder, "--dry-run", "--cores", 1, *arguments).output
    return len(re.findall(rf"^rule {rule}:$", output, re.M))


def test_a_large_dataset_is_planned_in_shards_and_nothing_is_written(tmp_path):
    def large(config):
        del config["datasets"]["small_challenge"]["shards"]
        config["datasets"]["small_challenge"]["n_objects"] = 120_000

    folder = configured(tmp_path, large)
    target = "results/data/small_challenge/index.h5"
    for rule in ("simulate_cutouts", "ingest_cutouts"):
        assert planned(folder, rule, "--", target) == 3
    assert not (folder / "results").exists()


def cutouts(config):
    """Put a folder of cutouts in the place of the simulated dataset, without a number of shards."""
    config["datasets"]["survey"] = {"kind": "fits", "path": "stamps"}
    config["experiments"]["tiny"]["apply_to"] = ["survey"]


def test_a_run_keeps_its_number_and_its_jobs_and_later_runs_take_it(tmp_path):
    folder = configured(tmp_path, cutouts)
    (folder / "stamps").mkdir()
    for number in range(50_001):
        (folder / f"stamps/{number}.fits").touch()
    target = "results/tiny/config.yaml"
    done = snakemake(folder, "--cores", 1, "--", target)
    path = KEPT.format("survey")
    assert done.output.count(f"survey: 2 shards for about 50,001 objects ({path})") == 1
    kept = (folder / path).read_bytes()
    assert json.loads(kept)["shards"] == 2
    # Written by a job, which has read the configuration itself.
    assert re.search(r"survey:\n(    .*\n)*    shards: 2\n", (folder / target).read_text())
    assert "Nothing to be done" in snakemake(folder, "--cores", 1, "--", target).output

    for number in range(50_001):
        (folder / f"stamps/{number}.fits").unlink()
    assert planned(folder, "ingest_cutouts", "--", "results/data/survey/index.h5") == 2
    assert (folder / path).read_bytes() == kept


def test_images_are_made_in_the_shards_that_are_kept(tmp_path):
    def small(config):
        config["datasets"]["small_challenge"] |= {"n_objects": 5, "shards": None}

    folder = configured(tmp_path, small)
    images, path = folder / "results/data/small_challenge/images", KEPT.format("small_challenge")
    snakemake(folder, "--cores", 1, "results/tiny/config.yaml")
    # As if there had been so many objects when it was chosen.
    content = json.loads((folder / path).read_text())
    assert (content["n_objects"], content["shards"]) == (5, 1)
    (folder / path).write_text(json.dumps(content | {"n_objects": 100_000, "shards": 2}))
    done = snakemake(folder, "--cores", 2, "results/data/small_challenge/index.h5")
    assert "small_challenge: 2 shards for about 100,000 objects" in done.output
    counts = []
    for shard in (0, 1):
        with h5py.File(images / f"shard_{shard}.h5") as file:
            counts.append(len(file["id"]))
    assert counts == [2, 3]


def test_a_damaged_number_stops_the_plan(tmp_path):
    folder = configured(tmp_path, cutouts)
    (folder / "stamps").mkdir()
    (folder / "results/data/survey").mkdir(parents=True)
    (folder / KEPT.format("survey")).write_text("2\n")
    done = snakemake(folder, "--dry-run", "--cores", 1, check=False)
    assert done.returncode != 0
    assert "shards.json is not the number of shards that a run has chosen" in done.output
    assert "Traceback" not in done.output


def test_a_folder_that_is_not_there_has_its_own_words(tmp_path):
    done = snakemake(configured(tmp_path, cutouts), "--dry-run", "--cores", 1, check=False)
    assert done.returncode != 0
    assert "datasets.survey.path is 'stamps', which is no folder" in done.output
    assert "Traceback" not in done.output
