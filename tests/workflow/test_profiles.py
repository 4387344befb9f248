"""What the profiles make of the rules, and the size of a survey's graph; nothing is run."""

import os
import re
import resource
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from profiles import SLURM, grouped
from workflow.conftest import ROOT, configured, snakemake

PROFILES = ROOT / "workflow/profiles"
STAGE = re.compile(r"^(?:local)?rule (\w+):\n(?:    .*\n)*?    resources: (.*)$", re.M)
LOCAL_RULES = {"all", "draw_rule_graph"}


def dry_run(folder, *arguments):
    """Return (rule, its resources) of every job that the SLURM profile would submit."""
    output = snakemake(
        folder, "--dry-run", "--workflow-profile", PROFILES / "slurm", *arguments
    ).output
    jobs = []
    for rule, text in STAGE.findall(output):
        pairs = (item.split("=", 1) for item in text.split(", "))
        jobs.append((rule, dict(pair for pair in pairs if len(pair) == 2)))
    return [job for job in jobs if job[0] not in LOCAL_RULES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return configured(tmp_path_factory.mktemp("planned"))


@pytest.fixture(scope="module")
def jobs(finished):
    """Every job again, now that the sizes of their inputs are known."""
    return dry_run(finished, "--forceall")


def test_gpu_stages_and_no_others_go_to_the_gpu_partition(jobs):
    partitions = {(had.get("gpu", "0"), had["slurm_partition"]) for _, had in jobs}
    assert partitions == {("1", "gpu"), ("0", "cpu")}


def rules():
    """Return the text of each rule, by its name; of one that uses another, with the other's."""
    text = "\n".join(file.read_text() for file in (ROOT / "workflow/rules").glob("*.smk"))
    _, *parts = re.split(r"(?m)^(?=rule |use rule )", text)
    found = {}
    for part in parts:
        used, name = re.match(r"(?:use rule (\w+) as |rule )(\w+)", part).groups()
        found[name] = found.get(used, "") + part
    return found


def test_the_profile_names_the_gpu_stages():
    stages = {name for name, text in rules().items() if re.search(r"\bgpu=", text)}
    profile = yaml.safe_load(SLURM.read_text())
    assert set(profile["set-resources"]) == stages


def test_the_profile_groups_the_cpu_stages_of_shards():
    profile = yaml.safe_load(grouped(SLURM.read_text()))
    of_shards = {
        name
        for name, text in rules().items()
        if re.search(r"output:\n(?:        .*\n)*?        .*\{\{?shard\}", text)
    }
    stages = of_shards - set(profile["set-resources"])
    assert profile["groups"] == {stage: stage for stage in stages}
    assert set(profile["group-components"]) == stages
    # What has members of a group done one by one, as the plugin does them.
    assert {name for name, text in rules().items() if "        in_turn=1,\n" in text} == stages


def test_no_job_of_a_group_waits_for_another(tmp_path):
    """Two jobs of a rule with others between them would wait for each other in one group."""
    shutil.copy(ROOT / "config.yaml", tmp_path)
    graph = snakemake(tmp_path, "--rulegraph", "--config", "run=[goal_finder]").output
    names = dict(re.findall(r'(\d+)\[label = "(\w+)', graph))
    after = [(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", graph)]
    stages = set(yaml.safe_load(grouped(SLURM.read_text()))["groups"]) & set(names.values())
    assert {"ingest_cutouts", "keep_scores", "average_scores", "add_student"} <= stages
    for stage in stages:
        reached, new = set(), {stage}
        while new:
            new = {b for a, b in after if a in new} - reached
            reached |= new
        assert stage not in reached


def requests(jobs):
    """Return the most (memory, minutes) of each rule's jobs whose inputs are there.

    The most, since Snakemake lists the jobs of a rule in any order.
    """
    found = {}
    for rule, had in jobs:
        if "<TBD>" not in (had["mem_mb"], had["runtime"]):
            asked = int(had["mem_mb"]), int(had["runtime"])
            found[rule] = tuple(map(max, asked, found.get(rule, asked)))
    return found


def test_every_job_asks_for_memory_and_time_and_an_account(jobs):
    assert {had["slurm_account"] for _, had in jobs} == {"your_account"}
    # Only the shards of scores and arcs, which are temporary, are gone by now.
    assert {rule for rule, _ in jobs} - set(requests(jobs)) <= {"collect_sample", "collect_arcs"}
    for rule, (memory, time) in requests(jobs).items():
        assert memory > 0, rule
        assert time > 0, rule


def test_a_later_attempt_asks_for_more(finished, jobs):
    second = requests(dry_run(finished, "--forceall", "--attempt", 2))
    for rule, (memory, time) in requests(jobs).items():
        assert second[rule][0] >= 2 * memory - 1, rule
        assert second[rule][1] > time, rule


def test_a_larger_input_asks_for_more(finished, jobs):
    images = finished / "results/data/small_challenge/images/shard_0.h5"
    was = images.stat()
    arguments = ["--forcerun", "embed_images", "--rerun-triggers", "input"]
    try:
        os.truncate(images, 4 * 10**9)
        os.utime(images, ns=(was.st_atime_ns, was.st_mtime_ns))
        larger = requests(dry_run(finished, *arguments))
    finally:
        os.truncate(images, was.st_size)
        os.utime(images, ns=(was.st_atime_ns, was.st_mtime_ns))
    memory, time = requests(jobs)["embed_images"]
    assert larger["embed_images"][0] > memory
    assert larger["embed_images"][1] > time


def test_at_most_five_lines_at_the_top_are_the_sites():
    text = (PROFILES / "slurm/profile.yaml").read_text()
    _, top, _ = re.split(r"(?m)^# ---.*$", text, maxsplit=2)
    settings = [line.split("#")[0].rstrip() for line in top.splitlines()]
    assert sum(not line.endswith(":") for line in settings if line) == 5


@pytest.mark.parametrize("name", ["default", "slurm"])
def test_every_setting_of_a_profile_has_its_reason(name):
    paragraphs = (PROFILES / name / "profile.yaml").read_text().strip().split("\n\n")
    assert all("# " in paragraph for paragraph in paragraphs)


@pytest.mark.parametrize("profile", ["slrum", "workflow/profiles/slrum"])
def test_a_profile_that_does_not_exist_stops_the_run(folder, profile):
    done = snakemake(folder, "--cores", 1, "--workflow-profile", profile, check=False)
    assert done.returncode != 0
    assert "run everything on this machine" in done.output
    assert not (folder / "results").exists()


def test_another_executor_than_asked_for_stops_the_run(folder, monkeypatch):
    monkeypatch.setenv("LENSFLOW_EXECUTOR", "slurm")
    done = snakemake(folder, "--cores", 1, check=False)
    assert done.returncode != 0
    assert "asks for the executor 'slurm', but Snakemake runs with 'local'" in done.output
    assert not (folder / "results/data").exists()


CONFIGURATION = "results/tiny/config.yaml"


def test_the_profile_of_this_machine_is_taken_by_itself(folder):
    done = snakemake(folder, "--dry-run", "--", CONFIGURATION)
    assert "Using workflow specific profile" in done.output
    assert "profiles/default for setting" in done.output


def test_a_profile_is_found_by_its_name(folder):
    done = snakemake(folder, "--dry-run", "--workflow-profile", "slurm", "--", CONFIGURATION)
    assert "profiles/slurm for setting" in done.output


@pytest.fixture
def login_node(tmp_path, monkeypatch):
    """A machine with SLURM's commands, which do nothing, and nobody says where to run."""
    for name in ("sbatch", "sinfo", "squeue", "sacct"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 0\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    monkeypatch.setenv("LENSFLOW_EXECUTOR", "")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    return tmp_path


def test_a_login_node_does_not_do_the_work_by_mistake(folder, login_node):
    done = snakemake(folder, "--", CONFIGURATION, check=False)
    assert done.returncode != 0
    assert "To submit it: make slurm" in done.output
    assert not (folder / CONFIGURATION).exists()


@pytest.mark.parametrize("options", [["--executor", "slurm", "-j5"], ["--profile", "{user}"]])
def test_on_a_cluster_gpu_jobs_do_not_wait_for_each_other(folder, login_node, options):
    (login_node / "profile.yaml").write_text("executor: slurm\njobs: 5\n")
    options = [option.format(user=login_node) for option in options]
    done = snakemake(folder, *options, "--", CONFIGURATION, check=False)
    assert done.returncode != 0
    assert "GPU jobs would wait for each other" in done.output
    assert not (folder / CONFIGURATION).exists()


def test_who_says_so_works_on_a_login_node(tmp_path, login_node):
    folder = configured(tmp_path / "run")
    snakemake(folder, "--workflow-profile", "default", "--", CONFIGURATION)
    assert (folder / CONFIGURATION).is_file()


@pytest.mark.parametrize("name", ["config.yaml", "more.yaml"])
def test_a_key_that_stands_twice_stops_the_run(tmp_path, name):
    folder = configured(tmp_path)
    with open(folder / name, "a") as file:
        file.write("seed: 4\nseed: 5\n")
    more = ["--configfile", folder / name] if name == "more.yaml" else []
    done = snakemake(folder, "--dry-run", *more, "--", CONFIGURATION, check=False)
    assert done.returncode != 0
    assert re.search(rf"{name}, line \d+: the key 'seed' stands twice, first in", done.output)


def test_broken_yaml_is_said_with_its_line(tmp_path):
    folder = configured(tmp_path)
    (folder / "config.yaml").write_text("run: [demo]\nseed: 3\n  backend: jax\n")
    done = snakemake(folder, "--dry-run", "--", CONFIGURATION, check=False)
    assert done.returncode != 0
    assert "config.yaml, line 3, column 10: this is not YAML" in done.output


@pytest.mark.slow
def test_the_graph_of_ten_million_cutouts_is_small(tmp_path):
    shards, runs = 1000, 3

    def survey(config):
        config["datasets"]["survey"] = {"kind": "fits", "path": "cutouts", "shards": shards}
        config["experiments"]["tiny"].update(apply_to=["survey"], runs=runs)

    folder = configured(tmp_path, survey)
    (folder / "cutouts").mkdir()
    profile = ["--workflow-profile", PROFILES / "slurm"]
    output = snakemake(folder, "--dry-run", "--quiet", "rules", "reason", "host", *profile).output
    planned = dict(re.findall(r"(?m)^(\w+) +(\d+)$", output))
    assert int(planned["ingest_cutouts"]) == shards + 2
    assert int(planned["embed_images"]) == shards * runs
    assert int(planned["score_shard"]) >= shards * runs
    # Of all processes that these tests have started, in kB.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2_000_000


APPTAINER = """#!/bin/bash
# Stands in for apptainer: notes its arguments and runs what follows the image.
if [ "$1" = --version ]; then echo "apptainer version 1.3.0"; exit; fi
echo "$*" >> "{calls}"
while [[ "$1" != *.sif ]]; do shift; done; shift
exec "$@"
"""


def test_stages_run_in_the_configured_container(tmp_path, monkeypatch):
    def in_container(config):
        config["container"] = "lensflow.sif"

    folder = configured(tmp_path / "run", in_container)
    (folder / "lensflow.sif").touch()
    apptainer = tmp_path / "apptainer"
    apptainer.write_text(APPTAINER.format(calls=tmp_path / "calls"))
    apptainer.chmod(0o755)
    path = [str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"]]
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    options = ["--sdm", "apptainer", "--apptainer-args=--nv", "--cores", 1]
    snakemake(folder, *options, "--", "results/tiny/config.yaml")
    assert (folder / "results/tiny/config.yaml").is_file()
    assert " --nv " in (tmp_path / "calls").read_text()
