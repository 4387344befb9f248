"""lensflow: strong gravitational lenses without labels, from FITS cutouts to ranked candidates.

    snakemake

builds the experiments that config.yaml lists under `run`, on this machine. The rules stand in
workflow/rules, in the order in which they run; the scripts they call in scripts; the logic in
scripts/lensflow.
"""

from snakemake.utils import min_version

min_version("9.20")


include: "workflow/rules/common.smk"


if config["container"] is not None:

    container: config["container"]


# CPU stages of shards ask for one: members of a group, workflow/profiles/slurm, come one by one.
resource_scopes:
    in_turn="local",


include: "workflow/rules/simulate.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/embed.smk"
include: "workflow/rules/cluster.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/apply.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/report.smk"


report: "workflow/report/workflow.rst"


onsuccess:
    print(*outcome(PROJECT), sep="\n", file=sys.stderr)


onerror:
    print(*CONSOLE.failures(), *log, sep="\n", file=sys.stderr)


rule all:
    """Everything of the experiments under `run`, the report on them, and the pages to work on."""
    default_target: True
    input:
        report="results/report.html",
        candidates=PROJECT.candidate_paths,
        pages=PROJECT.page_paths,
        looks=PROJECT.look_paths,
        exported=PROJECT.exported_paths,
    localrule: True
