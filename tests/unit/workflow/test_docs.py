"""What README.md and workflow/docs name is there: commands, options, files, keys, links."""

import json
import re
import string
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from snakemake.cli import get_argument_parser

from docs import PAGES, ROOT, called, commands, fenced, inline
from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.figures.catalogue import FIGURES
from lensflow.studies import compare_finders, compare_machines
from lensflow.workflow.config import complete
from lensflow.workflow.recipes import laid_over, read_recipes
from lensflow.workflow.schema import SCHEMA_PATH

DATA = ("my_survey", "SpaceBasedTraining", "Data_EuclidBig", "challenge1", "euclid_q1")
MAKEFILE = (ROOT / "Makefile").read_text()
SLURM_PROFILE = yaml.safe_load((ROOT / "workflow/profiles/slurm/profile.yaml").read_text())

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def experiments():
    own = yaml.safe_load((ROOT / "config.yaml").read_text())["experiments"]
    return set(own) | set(read_recipes()["experiments"])


@by_page
def test_pages_are_shorter_than_two_screens(page):
    assert len(page.read_text().splitlines()) <= 110


@by_page
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)]+)\)", page.read_text())
    assert [link for link in links if "://" not in link and not leads(page, link)] == []


def leads(page, link):
    """Say whether there is the file, and the heading of which a page makes such an anchor."""
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not anchor:
        return target.exists()
    headings = re.findall(r"(?m)^#+ (.+)$", target.read_text()) if target.exists() else []
    return anchor in [re.sub(r"[^\w -]", "", text).lower().replace(" ", "-") for text in headings]


def test_speeds_on_a_gpu_are_what_is_published():
    found = {}
    for run, name in (("first", "gpu_first.json"), ("second", "gpu.json")):
        for row in json.loads((ROOT / "results/published" / name).read_text())["rows"]:
            layers = re.search(r"preset, fast layers, jax, (\w+), batches of (\d+)$", row["name"])
            if layers:
                found[run, *layers.groups()] = row
    page = (ROOT / "workflow/docs/gpu.md").read_text()
    shown = re.findall(
        r"\| (first|second) \| (\w+) \| (\d+) \| ([\d,]+) \| \**([\d,]+)\** \| ([\d.]+) \|", page
    )
    assert len(shown) == len(found) == 4
    for *key, plain, fast, ratio in shown:
        row = found[tuple(key)]
        assert (f"{row['peer']:,.0f}", f"{row['ours']:,.0f}") == (plain, fast)
        assert f"{row['ratio']:.2f}" == ratio


def test_the_authors_layers_in_full_size_are_what_is_published():
    judged = pd.read_csv(ROOT / "results/published/gpu_judged.csv")
    named = {"autoencoders": "autoencoder"}
    for image in ("raw", "denoised"):
        named[f"principal components of the {image} images"] = f"pca_{image}"
    page = (ROOT / "workflow/docs/paper.md").read_text()
    lines = re.findall(r"(?m)^\| (.+) \| `(\w+)` \| ([\d.() to]+) \| ([\d.() to]+) \|$", page)
    shown = [line for line in lines if line[0] in named]
    assert len(shown) == 4
    for features, labels, *cells in shown:
        rows = judged[(judged["features"] == named[features]) & (judged["labels"] == labels)]
        for sample, cell in zip(("training", "fresh"), cells, strict=True):
            auc = rows.loc[rows["sample"] == sample, "auc"]
            spread = f" ({auc.min():.3f} to {auc.max():.3f})" if len(auc) > 1 else ""
            assert cell == f"{auc.mean():.3f}{spread}"


def test_tables_of_finders_are_what_is_published():
    published = compare_finders.markdown(pd.read_csv(ROOT / "results/published/finders.csv"))
    shown = [
        (page.name, line)
        for page in PAGES
        for line in page.read_text().splitlines()
        if line.startswith("| `goal_")
    ]
    assert [(page, line) for page, line in shown if line not in published] == []
    assert {page for page, _ in shown} >= {"README.md", "evidence.md"}


def test_completeness_that_is_shown_is_what_is_published():
    page = (ROOT / "workflow/docs/completeness.md").read_text()
    table = pd.read_csv(ROOT / "results/published/completeness/completeness.csv")
    # All of them last, as there.
    bins = table[table["by"].isin(["snr", "all"])].sort_values("low")
    rows = [line.split("|")[2:-1] for line in page.splitlines() if re.match(r"\|.* to .*%", line)]
    assert len(rows) == 6
    for column in range(4):
        selection, kind = ("p > 0.5", "top 300")[column // 2], ("injected", "true")[column % 2]
        names = [f"completeness{end}_{kind}" for end in ("", "_low", "_high")]
        published = 100 * bins.loc[bins["selection"] == selection, names].to_numpy()
        shown = [[float(text) for text in re.findall(r"[\d.]+", row[column])] for row in rows]
        assert shown == pytest.approx(published.round(1), abs=1e-6)


def test_harder_company_is_what_is_published():
    page = " ".join((ROOT / "workflow/docs/evidence.md").read_text().split())
    folder = ROOT / "results/published/impostors"
    auc = pd.read_csv(folder / "auc.csv").groupby(["encoder", "sample"])["auc"].mean()
    for encoder, words in (("polar", "falls from"), ("pca", "from")):
        found = [round(auc[encoder, sample], 3) for sample in ("challenge", "hard")]
        assert f"`{encoder}` {words} {found[0]:.3f} to {found[1]:.3f}" in page
    fools = pd.read_csv(folder / "impostors.csv").query("encoder == 'polar'").set_index("impostor")
    best = (100 * fools["share_of_best"]).round().astype(int)
    assert f"{best['star']} are saturated stars and {best['tidal_arms']} have tidal arms" in page


def test_what_make_run_gives_is_what_is_published():
    table = pd.read_csv(ROOT / "results/published/machines.csv", keep_default_na=False)
    text = PAGES[0].read_text()
    assert [line for line in compare_machines.markdown(table) if line not in text] == []
    largest = compare_machines.tolerance(table).groupby("experiment")["difference"].max()
    promised = float(re.search(r"by\s+at\s+most\s+(0\.\d+)", text)[1])
    assert largest["best"] == 0
    assert largest["demo"] <= promised <= largest["demo"] + 0.005


def test_the_paper_on_two_cores_is_what_is_published():
    published = ROOT / "results/published"
    page = (ROOT / "workflow/docs/paper.md").read_text().partition("## The author's layers in")[0]
    rows = [line.split("|")[1:-1] for line in page.splitlines() if re.search(r"\d \(0\.", line)]
    assert len(rows) == 5
    for what, labels, *cells in rows:
        chosen = {"sample": "train" if "training" in what else "test", "labels": labels.strip(" `")}
        if "principal components" in what:
            chosen["representation"] = "pca_raw" if "raw" in what else "pca_denoised"
        for experiment, cell in zip(("binned_paper", "small_paper"), cells, strict=False):
            if shown := [float(text) for text in re.findall(r"0\.\d+", cell)]:
                found = headline_auc(published / experiment, **chosen)
                assert shown == pytest.approx(found, abs=0.0005001), (what, experiment)


def headline_auc(folder, **chosen):
    """Return mean, least and greatest AUC over the runs of the paper's headline."""
    table = pd.read_csv(folder / ("baselines.csv" if "representation" in chosen else SUMMARY))
    for column, value in {"scale": "log", "n_features": 24, "cut": "none", **chosen}.items():
        table = table[table[column] == value]
    if "representation" in chosen:
        return [table["auc"].mean(), table["auc"].min(), table["auc"].max()]
    (row,) = table[table["metric"] == "auc"].to_dict("records")
    return [row["mean"], row["min"], row["max"]]


def test_every_page_is_linked_from_the_first():
    readme = PAGES[0].read_text()
    assert [page.name for page in PAGES[1:] if f"(workflow/docs/{page.name})" not in readme] == []


def test_commands_are_found():
    assert {Path(words[0]).name for page in PAGES for _, words in commands(page)} >= {
        "make",
        "snakemake",
        "python",
        "uv",
    }
    assert len([1 for page in PAGES for _ in commands(page)]) > 30


def test_targets_and_variables_of_make_are_there():
    for _, *words in called("make"):
        for word in words:
            name, is_variable, _ = word.partition("=")
            pattern = rf"(?m)^{name} \?=" if is_variable else rf"(?m)^{name}:"
            assert re.search(pattern, MAKEFILE), word


def test_make_plans_each_of_its_commands():
    for words in {tuple(words) for words in called("make")}:
        done = subprocess.run([*words, "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_experiments_in_commands_are_there():
    text = "\n".join(page.read_text() for page in PAGES)
    chosen = re.findall(r'EXPERIMENTS="([^"]+)"', text) + re.findall(r"run='\[([^]]+)\]'", text)
    names = {name for names in chosen for name in re.split("[ ,]", names)}
    assert names
    assert names <= experiments()


def test_snakemake_has_the_options():
    known = get_argument_parser()._option_string_actions
    options = {word for words in called("snakemake") for word in words if word.startswith("-")}
    assert {option for option in options if option.partition("=")[0] not in known} == set()


def test_profiles_in_commands_are_there():
    for words in called("snakemake"):
        if "--workflow-profile" in words:
            name = words[words.index("--workflow-profile") + 1]
            assert (ROOT / "profiles" / name / "profile.yaml").is_file()


def test_scripts_and_modules_in_commands_are_there_with_their_options():
    for _, *words in called("python"):
        if words[0] == "-m":
            module, words = ROOT / "scripts" / words[1].replace(".", "/"), words[1:]
            path = module / "__main__.py" if module.is_dir() else module.with_suffix(".py")
        else:
            path = ROOT / words[0]
        options = [word for word in words if word.startswith("--")]
        assert words[1:]
        text = path.read_text()
        assert [option for option in options if f'"{option}"' not in text] == []


def test_modules_in_commands_start():
    for words in called("python"):
        end = words.index("-m") + 2 if "-m" in words else 2
        done = subprocess.run(
            [sys.executable, *words[1:end], "--help"],
            cwd=ROOT,
            env={"PYTHONPATH": "scripts", "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@by_page
def test_yaml_is_a_configuration_or_a_profile(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in DATA:
        (tmp_path / "data" / name).mkdir(parents=True)
    for name in ("my.csv", "Data_EuclidBig/classifications.csv"):
        (tmp_path / "data" / name).touch()
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for text in fenced(page, "yaml"):
        part = yaml.safe_load(text)
        if set(part) <= set(SLURM_PROFILE):
            continue
        config = laid_over(config, part)
        complete(config)


KEYS_ELSEWHERE = {"gpu_model", "qos", "constraint"}
"""Keys of the SLURM plugin's jobs."""


@by_page
def test_keys_that_are_named_with_a_value_are_there(page):
    known = SCHEMA_PATH.read_text() + (ROOT / "workflow/profiles/slurm/profile.yaml").read_text()
    keys = {match[1] for text in inline(page) if (match := re.match(r"([a-z][\w-]*): ", text))}
    assert {key for key in keys - KEYS_ELSEWHERE if f"{key}:" not in known} == set()


def test_the_gpu_stages_are_all_named():
    text = (ROOT / "workflow/docs/cluster.md").read_text()
    assert [rule for rule in SLURM_PROFILE["set-resources"] if f"`{rule}`" not in text] == []


def test_the_judgements_are_all_named():
    text = (ROOT / "workflow/docs/judging.md").read_text()
    by_rank = sorted(JUDGEMENTS.values(), key=lambda judgement: judgement.rank)
    places = [text.find(f"| `{judgement.name}` |") for judgement in by_rank]
    assert min(places) > 0
    assert places == sorted(places)


def test_the_doors_are_where_the_page_says():
    text = (ROOT / "workflow/docs/extending.md").read_text()
    doors = re.findall(r"\| `([A-Z]+)` in `(scripts/[\w/]+\.py)` \|", text)
    assert len(doors) == 7
    for table, path in doors:
        assert re.search(rf"(?m)^{table}\b.* = ", (ROOT / path).read_text()), table


def test_the_recipes_are_all_named():
    text = (ROOT / "workflow/docs/your_data.md").read_text()
    recipes = (ROOT / "workflow/experiments").glob("*.yaml")
    assert [path.name for path in recipes if f"`{path.name}`" not in text] == []


SUMMARY = "metrics_summary.csv"
PLACES = ("scripts/", "workflow/", "tests/", "envs/", ".ci/", "results/published", "results/README")


@by_page
def test_files_of_the_project_that_are_named_are_there(page):
    names = {text for text in inline(page) if text.startswith(PLACES) and "<" not in text}
    assert [name for name in names if not list(ROOT.glob(name.rstrip("/")))] == []


def corpus():
    """Everything that a name in the docs may stand in: rules, keys, library, adapters, tests."""
    patterns = ("workflow/**/*.smk", "workflow/**/*.yaml", "scripts/**/*.py", "envs/*")
    paths = [path for pattern in (*patterns, "tests/**/*.py") for path in ROOT.glob(pattern)]
    texts = [path.read_text() for path in paths]
    return "\n".join([*texts, MAKEFILE, (ROOT / "config.yaml").read_text()])


@by_page
def test_names_are_those_of_the_code(page):
    found = set(re.findall(r"\w+", corpus()))
    found |= {f"plot_{figure.name}" for figure in FIGURES}
    names = {text for text in inline(page) if re.fullmatch(r"[A-Za-z]+(_[A-Za-z0-9]+)+", text)}
    assert names - found - {"my_survey"} == set()


@by_page
def test_fields_of_paths_are_those_of_the_configuration(page):
    fields = {
        field
        for text in inline(page)
        if re.fullmatch(r"\{\w+\}", text)
        for _, field, _, _ in string.Formatter().parse(text)
    }
    assert fields <= {"scale", "n_features", "run"}
