"""Every table and figure of the paper is a target, on the challenge's own layout as on simulations.

These are dry runs: Snakemake reads the configuration and plans every job, and nothing is computed.
"""

import re
import shutil
from collections import Counter

import pandas as pd
import pytest
import yaml

from workflow.conftest import ROOT, configured, snakemake

TRAINING_IDS = range(100000, 100006)
TEST_IDS = range(200000, 200006)

# Rule by rule, the paper in its own order.
TARGETS = {
    "Table 1": "write_table1",
    "Fig. 1": "plot_architecture",
    "Fig. 2": "plot_mixture_illustration",
    "Fig. 3": "plot_class_examples",
    "Fig. 4": "plot_denoising",
    "Fig. 5": "plot_judged_examples",
    "Fig. 7": "plot_auc_features",
    "Fig. 8": "plot_label_methods",
    "Fig. 9": "plot_confusion",
    "Fig. 10": "plot_clusters_lens",
    "Fig. 11": "plot_clusters_non_lens",
    "Fig. 12": "plot_clusters_uncertain",
    "section 4.2.1": "count_clusters",
    "Fig. 13": "plot_roc_ratios",
    "beside Fig. 13": "rank_ratios",
    "Fig. 14": "plot_confusion_rare",
    "Table 2": "write_table2",
    "Table 2 drawn": "plot_table2",
    "Fig. 15": "plot_populations",
    "Fig. 16": "plot_roc_cut",
    "Appendix A": "measure_appendix",
    "Fig. A1": "plot_clusters_sources",
    "comparison": "compare_paper",
}


def write_catalogue(path, ids):
    rows = [f"{name},{name % 2},1e-10,{name % 2 * 200},{name % 2 * 900}" for name in ids]
    columns = "ID,is_lens,Einstein_area,numb_pix_lensed_image,flux_lensed_image_in_sigma"
    path.write_text("\n".join([columns, *rows]) + "\n")


@pytest.fixture
def challenge(tmp_path):
    """The folders of the challenge, unpacked, with a handful of (empty) files."""
    training = tmp_path / "data/SpaceBasedTraining"
    kinds = ("Public/Band1", "Private/Band1/NoLensImage", "Private/Band1/NoSourceImage")
    folders = {training / f"Data.{part}" / kind: TRAINING_IDS for part in (0, 1) for kind in kinds}
    test = tmp_path / "data/Data_EuclidBig"
    folders |= {test / f"Data_EuclidBig.{part}/Public/Band1": TEST_IDS for part in range(10)}
    for folder, ids in folders.items():
        folder.mkdir(parents=True)
        for name in ids:
            (folder / f"imageEUC_VIS-{name}.fits").touch()
    write_catalogue(training / "classifications.csv", TRAINING_IDS)
    write_catalogue(test / "classifications.csv", TEST_IDS)
    return tmp_path


def planned(folder, experiments, *targets):
    """Return how many jobs of each rule a dry run of the shipped configuration plans."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["run"] = experiments
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    output = snakemake(folder, "--dry-run", "--quiet", "rules", "--cores", 1, "--", *targets).output
    return Counter({name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)$", output, re.M)})


def test_the_challenges_own_layout_gives_every_table_and_figure(challenge):
    jobs = planned(challenge, ["paper", "paper_honest", "paper_challenge"])
    missing = {target: rule for target, rule in TARGETS.items() if not jobs[rule]}
    assert not missing
    assert jobs["train_denoiser"] == 2 + 1 + 1  # one a scale
    assert jobs["train_autoencoder"] == 8 * 2 * 3 + 3 + 3  # Fig. 7, three runs of everything
    assert jobs["fit_sources"] == 3
    assert jobs["simulate_cutouts"] == 0


def test_one_experiment_alone_is_compared_without_the_others(challenge):
    jobs = planned(challenge, ["paper"], "results/paper_comparison.csv")
    assert jobs["compare_paper"] == 1
    assert jobs["train_autoencoder"] == 8 * 2 * 3


def test_appendix_a_takes_the_papers_20_features_where_they_are_trained(challenge):
    sources = "results/paper/linear/features_20/run_0/sources/mixture.h5"
    assert planned(challenge, ["paper"], sources)["embed_sources"] == 20


def test_what_is_published_has_every_target_on_simulated_images(tmp_path):
    names = ["small_paper", "small_honest", "small_challenge"]
    jobs = planned(tmp_path, names, "results/report.html", "publish_results")
    missing = {target: rule for target, rule in TARGETS.items() if not jobs[rule]}
    assert not missing
    assert jobs["publish_results"] == 1
    counts = [jobs[rule] for rule in ("train_denoiser", "train_autoencoder")]
    assert counts == [4, 4 * 2 * 3 + 3 + 3]


def test_the_rules_and_the_make_target_name_the_same_experiments():
    makefile = (ROOT / "Makefile").read_text()
    rules = (ROOT / "workflow/rules/paper.smk").read_text()
    for name in ("small_paper", "small_honest", "small_challenge"):
        assert name in makefile
        assert f'"{name}"' in rules


def test_a_missing_folder_of_the_challenge_is_said_before_any_job(challenge):
    shutil.rmtree(challenge / "data/Data_EuclidBig")
    config = yaml.safe_load((ROOT / "config.yaml").read_text()) | {"run": ["paper"]}
    (challenge / "config.yaml").write_text(yaml.safe_dump(config))
    done = snakemake(challenge, "--dry-run", check=False)
    assert done.returncode != 0
    assert "'data/Data_EuclidBig', which is no folder" in done.output


def test_a_persons_labels_are_what_figure_5_shows(tmp_path):
    def judged(config):
        table = "labels/{scale}_{n_features}_{run}.csv"
        config["experiments"]["tiny"] |= {"labels": ["known", "person"], "person_labels": table}

    folder = configured(tmp_path, judged)
    (folder / "labels").mkdir()
    for run in (0, 1):
        (folder / f"labels/log_3_{run}.csv").touch()
    output = snakemake(
        folder, "--dry-run", "--cores", 1, "results/tiny/figures/judged_examples.png"
    ).output
    assert re.search(r"rule plot_judged_examples:\n +input: .*labels/log_3_0\.csv", output)


@pytest.mark.slow
def test_appendix_a_from_simulated_images(appendix):
    row = pd.read_csv(appendix / "results/tiny/appendix_a.csv").iloc[0]
    assert (row["scale"], row["n_features"], row["n_images"]) == ("linear", 3, 160)
    # Blank images have one embedding, so they share a cluster whatever the network is.
    assert row["non_lenses_together"] == 1
    assert (appendix / "results/tiny/figures/clusters_sources.png").stat().st_size > 5_000
