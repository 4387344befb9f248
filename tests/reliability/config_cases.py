"""A configuration that a seed changes in a few places, as text, and starts.

It is refused with words, or everything that was taken is of the kind and size that it must have,
every path can be named, and the effective configuration is taken again as it is.
"""

import copy
import math
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from lensflow.errors import LensflowError
from lensflow.experiment import Experiment, Project
from lensflow.workflow.config import complete, effective
from lensflow.workflow.guidance import checked_tables
from lensflow.workflow.sharding import choose_shards
from lensflow.workflow.yaml_files import check_yaml_files
from reliability.outcomes import REFUSED, RIGHT, WRONG, said

TESTS = Path(__file__).resolve().parents[1]
NO_RECIPES = Path("no_recipes")  # reading them takes most of a start
TINY = yaml.safe_load((TESTS / "workflow/tiny.yaml").read_text())
EVERY = yaml.safe_load((TESTS / "reliability/every.yaml").read_text())
# From this seed on every key is there; before it are cases that were kept.
FIRST_OF_EVERY = 250
VALUES = (
    *(float("nan"), float("inf"), -float("inf"), 2.0, 1e30, 10**30, -1, 0, 1, 3, 0.5, True, False),
    *(None, "", " ", "a", "a\n", "a\0b", "\x1b[31m", "é", "x" * 5000, "../..", "/", "{", "{run}"),
    *([], {}, [None], [[]], ["a", "a"], {"a": {}}, [1, 2.0], "2020-01-01", "1e5", b"bytes"),
    *("log", "linear", "sigma", "known", "person", "nobody", "polar", "simulate", "fits", "tiny"),
    *("(a+)+$", "(", r"x-(\d+)", "**/*.fits", "a/**/b", "*.fits", ["log", "linear"], ["nobody"]),
)
KEYS = ("sed", "run", "", " ", 1, None, True, "a\n", "__class__", "train", "é", "x" * 99, "kind")
EXTRA = {
    "stamps": {"kind": "fits", "path": ".", "pattern": "*.fits", "id_pattern": r"x-(\d+)"},
    "challenge": {"kind": "challenge1", "path": "."},
}
KINDS = {
    "stamps": {"kind": "fits", "path": ".", "known_lenses": "table.csv", "match_radius": 1.5},
    "tiles": {
        **{"kind": "mosaic", "path": ".", "pattern": "*.fits", "catalogue": "table.csv"},
        **{"columns": {"id": "name", "ra": "a", "dec": "d"}, "keep": ["mag"], "pixel_scale": 0.1},
        **{"tile_pattern": r"t(\d+)_.*", "rms_pattern": "*_rms.fits"},
        **{"flag_pattern": "*_flag.fits", "flag_bits": 5},
        "completeness": {"n": 9, "pixel_scale": 0.1, "psf_fwhm": 0.7, "sky_electrons": 3.0},
    },
    "bands": {
        **{"kind": "fits", "path": ".", "state": "raw"},
        "bands": {
            "VIS": {"hdus": ["VIS"], "zero_point": 24.6, "pixel_scale": 0.1},
            "Y": {"hdus": ["Y"], "rms_hdus": ["Y_RMS"], "pixel_scale": 0.3},
        },
    },
    "bands_of_tiles": {
        **{"kind": "mosaic", "path": ".", "catalogue": "cat_{tile}.csv"},
        "bands": {"VIS": {"pattern": "*_vis.fits"}, "Y": {"pattern": "*_y.fits"}},
    },
    "stacks": {"kind": "stack", "path": ".", "bands": ["g", "r"], "band": "r", "axes": "NBYX"},
    "bands_of_stacks": {"kind": "stack", "path": ".", "bands": {"g": {}, "r": {"zero_point": 27}}},
    "challenge2": {"kind": "challenge2", "path": ".", "bands": ["VIS", "H"]},
}
PLAIN = {"protocol": "unlabelled", "preset": "components", "scales": ["log"], "n_features": [3]}
PLAIN |= {"labels": ["nobody"]}
TEXTS = (
    *(
        "\tseed: 1\n",
        "seed: 1\nseed: 2\n",
        "a: [1\n",
        "a: *b\n",
        "a: &x [*x]\n",
        "- a\n",
        "\0",
        "a",
    ),
    *("a: 2020-13-45\n", "? [a]\n: b\n", "a: !!python/name:os.system\n", "---\n---\n", "%YAML 9\n"),
    *(
        "seed: 0x\n",
        "seed: 1_0\n",
        "seed: 010\n",
        "run: [tiny]\nrun: [tiny]\n",
        "{" * 2000,
        "a: |\n x",
    ),
)


def places(value: object, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of every value below a configuration's top."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(child, (*path, key))


def changed(config: dict, chance: random.Random) -> dict:
    """Change one place: another value, another key, one less or one more."""
    *parents, key = chance.choice(list(places(config)))
    part = config
    for parent in parents:
        part = part[parent]
    how = chance.choice(["value"] * 5 + ["drop", "key", "swap"])
    if how == "value":
        part[key] = copy.deepcopy(chance.choice(VALUES))
    elif how == "drop":
        del part[key]
    elif how == "key" and isinstance(part, dict):
        part[chance.choice(KEYS)] = part[key]
    elif how == "swap":
        part[key] = _value(config, chance.choice(list(places(config))))
    return config


def _value(config: dict, path: tuple) -> object:
    for key in path:
        config = config[key]
    return copy.deepcopy(config)


def tiny(chance: random.Random) -> dict:
    """Return the configuration of the paper's way, which every part may be wrong of."""
    config = copy.deepcopy(TINY)
    config["datasets"] |= copy.deepcopy(EXTRA)
    if chance.random() < 0.3:
        config["experiments"]["tiny"] |= {"dataset": "stamps", "labels": ["nobody"]}
        config["experiments"]["tiny"] |= {"protocol": "unlabelled", "apply_to": []}
        for key in ("fraction", "null_shuffles", "bootstraps"):  # would do nothing
            del config["experiments"]["tiny"][key]
    return config


def every_key(chance: random.Random) -> dict:
    """Return a configuration with datasets of all kinds, one of which is clustered too."""
    config = copy.deepcopy(EVERY)
    config["datasets"] |= copy.deepcopy(KINDS)
    config["presets"]["tiny"]["precision"] = "bfloat16"
    for name in KINDS:
        config["experiments"][f"of_{name}"] = {**copy.deepcopy(PLAIN), "dataset": name}
    config["run"].append(f"of_{chance.choice(list(KINDS))}")
    return config


def text_of(config: dict, chance: random.Random) -> str:
    """Return a configuration as text: mostly well written, whatever it says."""
    for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
        config = changed(config, chance)
        if not isinstance(config, dict) or not config:
            break
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=chance.random() < 0.5)
    if chance.random() < 0.15:
        place = chance.randrange(len(text))
        text = chance.choice([text[:place], text[:place] + chance.choice(TEXTS) + text[place:]])
        return text + chance.choice(["", chance.choice(TEXTS)])
    return text


def run(seed: int, folder: Path) -> tuple[str, str]:
    """Make a case, start it, and say what became of it."""
    chance = random.Random(f"config {seed}")
    path = folder / "config.yaml"
    config = every_key(chance) if seed >= FIRST_OF_EVERY else tiny(chance)
    path.write_bytes(text_of(config, chance).encode("utf-8", "surrogatepass"))
    (folder / "table.csv").write_text("name,a,d\n")
    os.chdir(folder)
    for place in ("stamps", "known.csv", "grades.csv"):
        (Path(place).mkdir if place == "stamps" else Path(place).touch)()
    try:
        check_yaml_files([path])
        config = complete(yaml.safe_load(path.read_text()), NO_RECIPES)
        choose_shards(config, is_job=False)
    except LensflowError as error:
        return said(error)
    if problem := next(unsound(config), None):
        return WRONG, f"taken: {problem}"
    for experiment in Project(config).chosen:
        try:
            _name_everything(experiment)
        except LensflowError as error:
            return (REFUSED, str(error)) if "is not there" in str(error) else (WRONG, str(error))
        again = yaml.safe_load(effective(config, experiment.name))
        if complete(again, NO_RECIPES) != again:
            return WRONG, "the effective configuration is another one"
    return RIGHT, ""


def _name_everything(experiment: Experiment) -> None:
    """Ask for what the rules ask for when they are planned."""
    assert experiment.runs
    assert experiment.headline_runs
    for name in experiment.candidate_datasets:
        assert experiment.candidates_path(name)
    for one in experiment.runs:
        for sample in experiment.samples:
            assert experiment.score_paths(one, sample)
        checked_tables(experiment, one)
    assert experiment.most_components > 0


# What the values of a configuration are, said again without the schema.
_COUNTS = re.compile(
    r"(runs|shards|epochs|batch_size|filters|kernel|n_\w+|bootstraps|null_shuffles|seed|patience"
    r"|max_\w*(iter|objects)|math_threads|first_id|image_size|output_kernel"
    r"|n|spread|galaxy_draws|max_shift|flag_bits)$"
)
_MOST = {"runs": 10**4, "batch_size": 10**5, "kernel": 101, "seed": 2**32, "epochs": 10**6}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def unsound(value: object, key: str = "") -> Iterator[str]:
    """Yield what of a configuration that was taken should not have been."""
    if isinstance(value, dict):
        for name, child in value.items():
            if not isinstance(name, str) or (key in _SECTIONS and not _NAME.fullmatch(name)):
                yield f"the name {name!r}"
            yield from unsound(child, str(name))
    elif isinstance(value, list):
        for child in value:
            yield from unsound(child, key)
    elif isinstance(value, str):
        if re.search(r"[\x00-\x1f\x7f-\x9f]", value) or not value.strip() or len(value) > 4096:
            yield f"{key} is {value!r}"
        if key == "id_pattern" and re.compile(value).groups != 1:
            yield f"{key} is {value!r}"
    elif value is not None and not _is_sound_number(key, value):
        yield f"{key} is {value!r}"


def _is_sound_number(key: str, value: float) -> bool:
    if _COUNTS.fullmatch(key) and type(value) is not int:
        return False
    return math.isfinite(value) and abs(value) <= _MOST.get(key, 10**13)


_SECTIONS = ("datasets", "presets", "experiments")
