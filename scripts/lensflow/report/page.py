"""Build the report: one HTML file with every image inside, that needs no network and no script."""

import base64
import contextlib
import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
import pandas as pd
import yaml

import lensflow
from lensflow import tables
from lensflow.report import words
from lensflow.report.contents import HEADLINE_METRICS, Experiment, read_experiment
from lensflow.report.paper_tables import assumptions, paper_tables
from lensflow.report.rule_graph import parse_dot, rule_graph_svg
from lensflow.report.timings import timings

TEMPLATES = Path(__file__).resolve().parents[3] / "workflow/report"
N_CANDIDATES = 20
PACKAGES = ("snakemake", "keras", "tensorflow", "jax", "scikit-learn", "numpy", "h5py", "astropy")
CANDIDATE_COLUMNS = (
    "rank", "id", "p_lens", "p_lens_min", "p_lens_max", "cluster", "path", "is_lens",
)  # fmt: skip

# Figures in the order of the argument: what goes in, what comes out, what it is made of.
SECTIONS = {
    "Results": (
        "label_methods", "null", "baselines", "confusion", "confusion_rare", "roc_cut",
        "roc_ratios", "ranking", "auc_features", "table2",
    ),
    "Clusters": (
        "cluster_sheet_unlabelled", "cluster_sheet", "clusters_lens", "clusters_non_lens",
        "clusters_uncertain", "judged_examples", "clusters_sources",
    ),
    "Candidates": ("candidates",),
    "Images and training": (
        "class_examples", "populations", "denoising", "reconstructions", "training",
        "architecture", "mixture_illustration",
    ),
}  # fmt: skip

# The sheets of all clusters are called clusters_<scale>_... and clusters_unlabelled_<scale>_...
SHEET_NAMES = {
    "clusters_unlabelled": "cluster_sheet_unlabelled",
    "clusters_log": "cluster_sheet",
    "clusters_linear": "cluster_sheet",
}


def write_report(
    output: Path | str,
    experiments: Sequence[Mapping[str, object]],
    comparison: Path | str | None = None,
    benchmarks: Path | str = "results/benchmarks",
    rule_graph: str = "",
    data_folder: Path | str = "results/data",
    templates: Path | str = TEMPLATES,
) -> None:
    """Write ``report.html``; a part whose files are missing is replaced by a sentence.

    Parameters
    ----------
    output : path-like
        The file to write.
    experiments : sequence of mappings
        For each experiment "name", "folder" and "figures" (PNG files), see
        :func:`lensflow.report.contents.read_experiment`.
    comparison : path-like, optional
        ``paper_comparison.csv``.
    benchmarks : path-like
        Folder of Snakemake's benchmark files.
    rule_graph : str
        DOT text from ``snakemake --rulegraph``; empty for none.
    data_folder : path-like
        Folder of the ingested datasets.
    templates : path-like
        Folder of ``report.html.j2``, ``report.css`` and ``captions/``.
    """
    templates = Path(templates)
    read = [
        read_experiment(entry["name"], entry["folder"], entry.get("figures", ()), data_folder)
        for entry in experiments
    ]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rules = parse_dot(rule_graph)[0].values()
    text = environment.get_template("report.html.j2").render(
        version=lensflow.__version__,
        versions=_versions(),
        style=(templates / "report.css").read_text(),
        experiments=[_experiment_content(experiment, templates) for experiment in read],
        comparison=_comparison(comparison),
        assumptions=assumptions(),
        timings=timings(benchmarks, rules).to_dict("records"),
        rule_graph=rule_graph_svg(rule_graph),
    )
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    Path(output).write_text(text, encoding="utf-8")


def _versions():
    """Return the versions of what computes, where installed; importing none of it."""
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _experiment_content(experiment: Experiment, templates: Path) -> dict:
    """Everything that the template says about an experiment, as plain values."""
    sentence, _ = words.null_sentence(experiment)
    return {
        "name": experiment.name,
        "folder": str(experiment.folder),
        "settings": experiment.settings,
        "headline": experiment.headline,
        "data": words.data_sentences(experiment),
        "simulated": words.is_simulated(experiment),
        "methods": _methods(experiment),
        "null": sentence,
        "pca": words.pca_sentences(experiment),
        "warnings": words.warnings_of(experiment),
        "results": _results(experiment),
        "paper_tables": paper_tables(experiment),
        "models": experiment.models,
        "candidates": {name: _candidates(table) for name, table in experiment.candidates.items()},
        "sections": _sections(experiment.figures, templates),
        "config": _config_excerpt(experiment),
    }


def _methods(experiment):
    """For each way of labelling: its plain statement and the headline metrics."""
    summary = experiment.tables["metrics_summary"]
    found = []
    for method in experiment.settings.get("labels", ()):
        where = {**experiment.headline, "labels": method}
        rows = {} if summary is None else {
            name: tables.metric_row(summary, name, where) for name in HEADLINE_METRICS
        }  # fmt: skip
        found.append(
            {
                "name": method,
                "sentence": words.METHOD_SENTENCES[method],
                "auc": words.spread(rows.get("auc")),
                "tpr0": words.spread(rows.get("tpr0")),
                "tpr10": words.spread(rows.get("tpr10")),
                "accuracy": words.spread(rows.get("accuracy")),
            }
        )
    return found


def _results(experiment):
    """Mean of every metric by sample, labels and cut, for the headline's scale and features."""
    summary = experiment.tables["metrics_summary"]
    if summary is None:
        return []
    where = {key: experiment.headline[key] for key in ("scale", "n_features")}
    rows = tables.rows_where(summary, where)
    if rows.empty:
        return []
    keys = ["sample", "labels", "cut"]
    wide = rows.pivot_table(index=keys, columns="metric", values="mean", sort=False)
    return wide.reindex(columns=list(HEADLINE_METRICS)).reset_index().to_dict("records")


def _candidates(table):
    best = table.sort_values("rank").head(N_CANDIDATES)
    return best[[c for c in CANDIDATE_COLUMNS if c in best]].to_dict("records")


def _sections(figures: Sequence[Path], templates: Path) -> list[dict]:
    """Sort the figures into sections by their names; unknown names come last."""
    keyed = [(caption_key(path.stem), path) for path in figures]
    sections = []
    for title, keys in SECTIONS.items():
        chosen = [pair for key in keys for pair in keyed if pair[0] == key]
        sections.append({"title": title, "figures": [_figure(*pair, templates) for pair in chosen]})
    other = [_figure("", path, templates) for key, path in keyed if not key]
    return [*sections, {"title": "Other figures", "figures": other}] if other else sections


def caption_key(stem: str) -> str:
    """Return the longest key of a caption that a figure's name begins with, or nothing."""
    keys = {key: key for keys in SECTIONS.values() for key in keys} | SHEET_NAMES
    longest = max((name for name in keys if stem.startswith(name)), key=len, default=None)
    return keys.get(longest, "")


def _figure(key, path, templates):
    caption = templates / "captions" / f"{key}.rst"
    return {
        "name": path.stem,
        "path": str(path.with_suffix(".pdf")),
        "caption": caption.read_text().strip() if key and caption.is_file() else "",
        "data": base64.b64encode(path.read_bytes()).decode("ascii"),
    }


def _config_excerpt(experiment):
    """Return the experiment's own part of the configuration, without the networks' layers."""
    config = experiment.config
    preset = config["presets"][experiment.settings["preset"]]
    excerpt = {
        "seed": config.get("seed"),
        "backend": config.get("backend"),
        "datasets": dict(experiment.datasets),
        "experiments": {experiment.name: experiment.settings},
        "presets": {
            experiment.settings["preset"]: {
                key: preset[key] for key in ("image_size", "precision", "training") if key in preset
            }
        },
    }
    return yaml.safe_dump(excerpt, sort_keys=False, allow_unicode=True)


def _comparison(path):
    if path is None or not Path(path).is_file():
        return []
    return pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
