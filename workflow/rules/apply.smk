"""What a survey user takes away: the ranked candidates of any dataset, no labels needed.

NEEDS: scores_<dataset>.csv of the headline model's runs; where nobody judged, arcs_<sample>.csv; the files
       of grades named in config.yaml
MAKES: in results/<experiment>: candidates_<dataset>.csv, .fits, .ecsv, .reg and _cutouts.fits, grade_<dataset>.html,
       hidden_<dataset>.h5 and .csv; where known lenses are given, known_lenses_<dataset>.csv and
       completeness_<dataset>.csv; where completeness is asked for, injected_sources_<dataset>.csv,
       injected_completeness_<dataset>.csv, injected_purity_<dataset>.csv, and
       results/data/<dataset>_injected/images/shard_<i>.h5
"""

from lensflow.workflow.guidance import checked_grades
from lensflow.workflow.inputs import completeness_inputs

# An empty pattern would match every name, the last one matches none.
WITH_COMPLETENESS = "|".join([*PROJECT.injected.values()]) or "(?!)"


rule rank_candidates:
    """Rank the objects of a dataset by their lens probability over the runs, or by density and arcs."""
    input:
        scores=lambda wildcards: experiment(wildcards).headline_paths(
            f"scores_{experiment(wildcards).candidate_sample(wildcards.dataset)}.csv"
        ),
        arcs=lambda wildcards: experiment(wildcards).unjudged_arcs_paths(
            experiment(wildcards).candidate_sample(wildcards.dataset)
        ),
        index="results/data/{dataset}/index.h5",
        manifest="results/data/{dataset}/manifest.h5",
        grades=lambda wildcards: REFUSALS.checked(checked_grades, experiment(wildcards)),
        answers=lambda wildcards: experiment(wildcards).answer_paths(wildcards.dataset),
        known_lenses=lambda wildcards: dataset(wildcards).known_lenses_paths,
    output:
        csv="results/{experiment}/candidates_{dataset}.csv",
        fits="results/{experiment}/candidates_{dataset}.fits",
    log:
        "results/logs/{experiment}/rank_candidates_{dataset}.log",
    benchmark:
        "results/benchmarks/{experiment}/rank_candidates_{dataset}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1000, 8),
        runtime=minutes(15, 15),
    params:
        judgement=lambda wildcards: experiment(wildcards).judgement.name,
        n_candidates=lambda wildcards: experiment(wildcards).settings["n_candidates"],
        match_radius=lambda wildcards: dataset(wildcards).match_radius,
        code=stage_hash("rank_candidates.py"),
    script:
        "../../scripts/rank_candidates.py"


rule draw_hidden:
    """Simulate the lenses and duds that are hidden among the candidates that people grade."""
    input:
        index="results/data/{dataset}/index.h5",
    output:
        hidden="results/{experiment}/hidden_{dataset}.h5",
        answers="results/{experiment}/hidden_{dataset}.csv",
    log:
        "results/logs/{experiment}/draw_hidden_{dataset}.log",
    benchmark:
        "results/benchmarks/{experiment}/draw_hidden_{dataset}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1000, 2),
        runtime=minutes(15, 15),
    params:
        hidden=lambda wildcards: experiment(wildcards).settings["hidden"],
        seed=config["seed"],
        code=stage_hash("draw_hidden.py"),
    script:
        "../../scripts/draw_hidden.py"


rule write_grading_page:
    """Write the page on which people grade the best candidates of a dataset."""
    input:
        candidates="results/{experiment}/candidates_{dataset}.csv",
        images=lambda wildcards: dataset(wildcards).image_paths,
        hidden=lambda wildcards: experiment(wildcards).hidden_paths(wildcards.dataset),
    output:
        page="results/{experiment}/grade_{dataset}.html",
    log:
        "results/logs/{experiment}/write_grading_page_{dataset}.log",
    benchmark:
        "results/benchmarks/{experiment}/write_grading_page_{dataset}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1200, 0.2),
        runtime=minutes(15, 15),
    params:
        n_graded=lambda wildcards: experiment(wildcards).settings["n_graded"],
        seed=config["seed"],
        page=page_hash(),
        code=stage_hash("write_grading_page.py"),
    script:
        "../../scripts/write_grading_page.py"


rule export_candidates:
    """Write the candidates as ECSV, as a DS9 region file, and the best as cutouts with their WCS."""
    input:
        candidates="results/{experiment}/candidates_{dataset}.csv",
        index="results/data/{dataset}/index.h5",
        images=lambda wildcards: dataset(wildcards).image_paths,
    output:
        ecsv="results/{experiment}/candidates_{dataset}.ecsv",
        region="results/{experiment}/candidates_{dataset}.reg",
        cutouts="results/{experiment}/candidates_{dataset}_cutouts.fits",
    log:
        "results/logs/{experiment}/export_candidates_{dataset}.log",
    benchmark:
        "results/benchmarks/{experiment}/export_candidates_{dataset}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 0),
        runtime=minutes(15),
    params:
        judgement=lambda wildcards: experiment(wildcards).judgement.name,
        n_cutouts=lambda wildcards: experiment(wildcards).settings["n_cutouts"],
        code=stage_hash("export_candidates.py"),
    script:
        "../../scripts/export_candidates.py"


rule match_known_lenses:
    """Say where the known lenses of a dataset are ranked, and how many of them are found."""
    input:
        scores=lambda wildcards: experiment(wildcards).headline_paths(
            f"scores_{experiment(wildcards).candidate_sample(wildcards.dataset)}.csv"
        ),
        arcs=lambda wildcards: experiment(wildcards).unjudged_arcs_paths(
            experiment(wildcards).candidate_sample(wildcards.dataset)
        ),
        index="results/data/{dataset}/index.h5",
        known_lenses=lambda wildcards: dataset(wildcards).known_lenses_paths,
    output:
        matches="results/{experiment}/known_lenses_{dataset}.csv",
        completeness="results/{experiment}/completeness_{dataset}.csv",
    log:
        "results/logs/{experiment}/match_known_lenses_{dataset}.log",
    benchmark:
        "results/benchmarks/{experiment}/match_known_lenses_{dataset}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1000, 0.1),
        runtime=minutes(30, 15),
    params:
        judgement=lambda wildcards: experiment(wildcards).judgement.name,
        n_candidates=lambda wildcards: experiment(wildcards).settings["n_candidates"],
        match_radius=lambda wildcards: dataset(wildcards).match_radius,
        code=stage_hash("match_known_lenses.py"),
    script:
        "../../scripts/match_known_lenses.py"


rule inject_sources:
    """Put lensed sources into images of a dataset, one shard of them, to measure completeness."""
    input:
        index=lambda wildcards: dataset(wildcards).index_path,
        images=lambda wildcards: dataset(wildcards).image_paths,
        known_lenses=lambda wildcards: dataset(wildcards).known_lenses_paths,
    output:
        images="results/data/{dataset}_injected/images/shard_{shard}.h5",
    log:
        "results/logs/{dataset}/inject_sources_{shard}.log",
    benchmark:
        "results/benchmarks/{dataset}/inject_sources_{shard}.tsv"
    wildcard_constraints:
        dataset=WITH_COMPLETENESS,
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        in_turn=1,
        mem_mb=megabytes(1500, 0.005),
        runtime=minutes(240),
    params:
        settings=lambda wildcards: dataset(wildcards).injection,
        name=lambda wildcards: dataset(wildcards).injected.name,
        match_radius=lambda wildcards: dataset(wildcards).match_radius,
        seed=config["seed"],
        code=stage_hash("inject_sources.py"),
    script:
        "../../scripts/inject_sources.py"


rule measure_completeness:
    """Say how many injected sources are found, and what purity a lens fraction then implies."""
    input:
        unpack(of_experiment(completeness_inputs)),
    output:
        sources="results/{experiment}/injected_sources_{dataset}.csv",
        completeness="results/{experiment}/injected_completeness_{dataset}.csv",
        purity="results/{experiment}/injected_purity_{dataset}.csv",
    log:
        "results/logs/{experiment}/measure_completeness_{dataset}.log",
    benchmark:
        "results/benchmarks/{experiment}/measure_completeness_{dataset}.tsv"
    wildcard_constraints:
        dataset=WITH_COMPLETENESS,
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1000, 0.1),
        runtime=minutes(30, 15),
    params:
        judgement=lambda wildcards: experiment(wildcards).judgement.name,
        n_candidates=lambda wildcards: experiment(wildcards).settings["n_candidates"],
        lens_fractions=lambda wildcards: dataset(wildcards).completeness[
            "lens_fractions"
        ],
        code=stage_hash("measure_completeness.py"),
    script:
        "../../scripts/measure_completeness.py"
