"""Build the report: one HTML file with every image inside, that asks for nothing from outside.

Without scripts it reads the same; one sorts and searches its tables.
"""

import contextlib
import importlib.metadata
import logging
import platform
from collections.abc import Mapping, Sequence
from os.path import relpath
from pathlib import Path
from urllib.parse import quote

import jinja2
import pandas as pd
import yaml

import lensflow
from lensflow.cluster.judgements import JUDGEMENTS
from lensflow.evaluate.selection import CUT, MIN_PIXELS, MIN_SNR
from lensflow.files import tables, writing
from lensflow.report import words
from lensflow.report.candidates import candidates_content
from lensflow.report.contents import HEADLINE_METRICS, Findings, read_findings
from lensflow.report.finder import finder_content
from lensflow.report.graders import grader_content
from lensflow.report.injected import injected_content
from lensflow.report.paper_tables import assumptions, paper_tables
from lensflow.report.pictures import figure_picture
from lensflow.report.rule_graph import parse_dot, rule_graph_svg
from lensflow.report.timings import timings

logger = logging.getLogger(__name__)

TEMPLATES = Path(__file__).resolve().parents[3] / "workflow/report"
PACKAGES = ("snakemake", "keras", "tensorflow", "jax", "scikit-learn", "numpy", "h5py", "astropy")


def write_report(
    output: Path | str,
    experiments: Sequence[Mapping[str, object]],
    comparison: Path | str | None = None,
    benchmarks: Path | str = "results/benchmarks",
    rule_graph: str = "",
) -> None:
    """Write ``report.html``; a part whose files are missing is replaced by a sentence.

    Parameters
    ----------
    output : path-like
        The file to write.
    experiments : sequence of mappings
        For each experiment "config_path" and "figures", see
        :func:`lensflow.report.contents.read_findings`.
    comparison : path-like, optional
        ``paper_comparison.csv``.
    benchmarks : path-like
        Folder of Snakemake's benchmark files.
    rule_graph : str
        DOT text from ``snakemake --rulegraph``; empty for none.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rules = parse_dot(rule_graph)[0].values()
    text = environment.get_template("report.html.j2").render(
        version=lensflow.__version__,
        versions=_versions(),
        style=(TEMPLATES / "report.css").read_text(),
        script=(TEMPLATES / "report.js").read_text(),
        experiments=[_content(read_findings(**entry), Path(output)) for entry in experiments],
        comparison=_comparison(comparison),
        assumptions=assumptions(),
        timings=timings(benchmarks, rules).to_dict("records"),
        rule_graph=rule_graph_svg(rule_graph),
    )
    writing.write_text(output, text)
    logger.info("%s: %.1f MB on %d experiments", output, len(text) / 1e6, len(experiments))


def _versions():
    """Return the versions of what computes, where installed; importing none of it."""
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _content(findings: Findings, output: Path) -> dict:
    """Everything that the template says about an experiment, as plain values."""
    experiment = findings.experiment
    sentence, _ = words.null_sentence(findings)
    return {
        "name": experiment.name,
        "folder": str(findings.root / experiment.folder),
        "settings": experiment.settings,
        "headline": findings.headline,
        "sample": words.sample_words(experiment),
        "data": words.data_sentences(findings),
        "encoder": experiment.encoder.words,
        "encoder_title": experiment.encoder.title,
        "simulated": words.is_simulated(findings),
        "judgements": [_judgement(findings, name) for name in experiment.judgements],
        "is_scored": words.is_scored(findings),
        "null": sentence,
        "pca": words.pca_sentences(findings),
        "warnings": words.warnings_of(findings),
        "results": _results(findings),
        "finder": finder_content(findings),
        "injected": injected_content(findings),
        "graders": grader_content(findings.root / experiment.table_path("graders")),
        "paper_tables": paper_tables(findings),
        "models": findings.models,
        "ranked": words.ranking_sentence(findings),
        "candidates": [
            {**part, "grading": _beside(findings, experiment.grading_page(part["dataset"]), output)}
            for part in candidates_content(findings)
        ],
        "explorer": _beside(findings, experiment.explorer_path, output),
        "judging": _beside(findings, experiment.judging_page, output),
        "completeness": words.completeness_sentences(findings),
        "sections": {
            section: [_figure(*figure, output) for figure in figures]
            for section, figures in findings.figures.items()
        },
        "config": _config_excerpt(experiment),
    }


def _beside(findings: Findings, name: str, output: Path) -> str | None:
    """Return where a file is from the page, None where it is not there."""
    path = findings.root / name
    if not path.is_file():
        return None
    return quote(Path(relpath(path, output.parent)).as_posix())


def _judgement(findings, name):
    """Return what one judgement of the clusters is, and the headline metrics by it."""
    summary = findings.tables["metrics_summary"]
    where = {**findings.headline, "labels": name}
    shown = {}
    for metric in ("auc", "tpr0", "tpr10", "accuracy"):
        row = None if summary is None else tables.metric_row(summary, metric, where)
        shown[metric] = words.spread(row)
    return {"name": name, "sentence": JUDGEMENTS[name].words, **shown}


def _results(findings):
    """Mean of every metric by sample, labels and cut, for the headline's scale and features."""
    summary = findings.tables["metrics_summary"]
    rows = None if summary is None else tables.rows_where(summary, findings.experiment.model)
    if rows is None or rows.empty:
        return []
    keys = ["sample", "labels", "cut"]
    wide = rows.pivot_table(index=keys, columns="metric", values="mean", sort=False)
    table = wide.reindex(columns=list(HEADLINE_METRICS)).reset_index()
    table["cut"] = table["cut"].replace({CUT: f"N > {MIN_PIXELS}, S/N > {MIN_SNR}"})
    return table.to_dict("records")


def _figure(caption, path, output):
    """Return a figure with its caption, and where its full size is from the page."""
    folder = quote(Path(relpath(path, output.parent)).with_suffix("").as_posix())
    return {
        "name": path.stem.replace("_", " "),
        "files": {"PNG": f"{folder}.png", "PDF": f"{folder}.pdf"},
        "caption": (TEMPLATES / "captions" / f"{caption}.rst").read_text().strip(),
        **figure_picture(path),
    }


def _config_excerpt(experiment):
    """Return the experiment's own part of the configuration, without the networks' layers."""
    shown = ("encoder", "image_size", "precision", "training")
    preset = {key: experiment.preset[key] for key in shown if key in experiment.preset}
    excerpt = {
        "seed": experiment.config["seed"],
        "backend": experiment.config["backend"],
        "datasets": {dataset.name: dict(dataset.entry) for dataset in experiment.datasets},
        "experiments": {experiment.name: experiment.settings},
        "presets": {experiment.settings["preset"]: preset},
    }
    return yaml.safe_dump(excerpt, sort_keys=False, allow_unicode=True)


def _comparison(path):
    if path is None or not Path(path).is_file():
        return []
    return pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
