"""Clusters, their judgement, and the lens probability of each image.

NEEDS: embeddings/<sample>/shard_<i>.h5; for a judgement from outside the table named in config.yaml
MAKES: in results/<experiment>/<scale>/features_<d>/run_<r>/: mixture.h5, cluster_labels_<judgement>.csv,
       cluster_labels_template.csv, judge.html, next_looks.csv, embeddings_<sample>.h5, scores_<sample>.csv;
       where more than the clusters is asked for: spread/, clusters/, teacher/, taught/, calibration.csv, head.h5;
       results/<experiment>/judge.html
"""

from lensflow.workflow.guidance import checked_grades, checked_tables


rule fit_mixture:
    """Fit the Bayesian Gaussian mixture to the training sample's embeddings."""
    input:
        embeddings=lambda wildcards: experiment(wildcards).embedding_paths(
            run(wildcards), "train"
        ),
    output:
        mixture=f"{RUN}/mixture.h5",
        template=f"{RUN}/cluster_labels_template.csv",
    log:
        "results/logs/{experiment}/{scale}/fit_mixture_{features}_{run}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/fit_mixture_{features}_{run}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: config["math_threads"]
    resources:
        mem_mb=megabytes(1500, 60),
        runtime=minutes(60, 600),
    params:
        n_components=lambda wildcards: experiment(wildcards).n_components(
            int(wildcards.features)
        ),
        mixture=lambda wildcards: experiment(wildcards).mixture_settings,
        seed=lambda wildcards: experiment(wildcards).mixture_seed(int(wildcards.run)),
        math_threads=config["math_threads"],
        code=stage_hash("fit_mixture.py"),
    script:
        "../../scripts/fit_mixture.py"


rule label_clusters:
    """Judge the clusters by true labels, all or 25 of each (stand-in, counted), or by injected lenses."""
    input:
        embeddings=lambda wildcards: experiment(wildcards).embedding_paths(
            run(wildcards), "train"
        ),
        mixture=f"{RUN}/mixture.h5",
        injected=lambda wildcards: experiment(wildcards).injected_embedding_paths(
            run(wildcards), wildcards.judgement
        ),
    output:
        labels=f"{RUN}/cluster_labels_{{judgement}}.csv",
    log:
        "results/logs/{experiment}/{scale}/label_clusters_{features}_{run}_{judgement}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/label_clusters_{features}_{run}_{judgement}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(800, 10),
        runtime=minutes(10, 10),
    params:
        seed=config["seed"],
        code=stage_hash("label_clusters.py"),
    script:
        "../../scripts/label_clusters.py"


rule write_judging_page:
    """Write the page on which a person judges the clusters of one run."""
    input:
        mixtures=[f"{RUN}/mixture.h5"],
        embeddings=lambda wildcards: experiment(wildcards).embedding_paths(
            run(wildcards), "train"
        ),
        images=lambda wildcards: experiment(wildcards).dataset.image_paths,
        denoised=lambda wildcards: experiment(wildcards).denoised_paths(
            wildcards.scale, "train"
        ),
    output:
        page=f"{RUN}/judge.html",
    log:
        "results/logs/{experiment}/{scale}/write_judging_page_{features}_{run}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/write_judging_page_{features}_{run}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 2),
        runtime=minutes(15, 30),
    params:
        models=lambda wildcards: experiment(wildcards).judged_models([run(wildcards)]),
        dataset=lambda wildcards: experiment(wildcards).dataset.name,
        blind=lambda wildcards: experiment(wildcards).settings["blind"],
        seed=config["seed"],
        page=page_hash(),
        code=stage_hash("write_judging_page.py"),
    script:
        "../../scripts/write_judging_page.py"


use rule write_judging_page as write_joint_judging_page with:
    input:
        mixtures=lambda wildcards: [
            experiment(wildcards).mixture_path(each)
            for each in experiment(wildcards).judged_runs
        ],
        embeddings=lambda wildcards: [
            path
            for each in experiment(wildcards).judged_runs
            for path in experiment(wildcards).embedding_paths(each, "train")
        ],
        images=lambda wildcards: experiment(wildcards).dataset.image_paths,
        denoised=lambda wildcards: experiment(wildcards).denoised_paths(
            experiment(wildcards).model["scale"], "train"
        ),
    output:
        page="results/{experiment}/judge.html",
    log:
        "results/logs/{experiment}/write_joint_judging_page.log",
    benchmark:
        "results/benchmarks/{experiment}/write_joint_judging_page.tsv"
    params:
        models=lambda wildcards: experiment(wildcards).judged_models(
            experiment(wildcards).judged_runs
        ),
        dataset=lambda wildcards: experiment(wildcards).dataset.name,
        blind=lambda wildcards: experiment(wildcards).settings["blind"],
        seed=config["seed"],
        page=page_hash(),
        code=stage_hash("write_judging_page.py"),


rule spread_mixture:
    """Fit a further mixture, and find what the judged clusters say of its clusters."""
    input:
        embeddings=lambda wildcards: experiment(wildcards).embedding_paths(
            run(wildcards), "train"
        ),
        judged=f"{RUN}/mixture.h5",
    output:
        mixture=f"{RUN}/spread/mixture_{{further}}.h5",
        shares=f"{RUN}/spread/shares_{{further}}.h5",
    log:
        "results/logs/{experiment}/{scale}/spread_mixture_{features}_{run}_{further}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/spread_mixture_{features}_{run}_{further}.tsv"
    wildcard_constraints:
        further=r"\d+",
    conda:
        "../../envs/cpu.yaml"
    threads: config["math_threads"]
    resources:
        mem_mb=megabytes(1500, 60),
        runtime=minutes(60, 600),
    params:
        n_components=lambda wildcards: experiment(wildcards).n_components(
            int(wildcards.features)
        ),
        mixture=lambda wildcards: experiment(wildcards).mixture_settings,
        seed=lambda wildcards: experiment(wildcards).further_seed(
            int(wildcards.run), int(wildcards.further)
        ),
        math_threads=config["math_threads"],
        code=stage_hash("spread_mixture.py"),
    script:
        "../../scripts/spread_mixture.py"


rule choose_looks:
    """Say which clusters to look at next, by what that is expected to change."""
    input:
        mixture=f"{RUN}/mixture.h5",
        embeddings=lambda wildcards: experiment(wildcards).embedding_paths(
            run(wildcards), "train"
        ),
        labels=lambda wildcards: [
            experiment(wildcards).cluster_labels_path(run(wildcards), name)
            for name in experiment(wildcards).probabilities
            if name == experiment(wildcards).judgement.name
        ],
    output:
        looks=f"{RUN}/next_looks.csv",
    log:
        "results/logs/{experiment}/{scale}/choose_looks_{features}_{run}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/choose_looks_{features}_{run}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 15),
    params:
        prior=lambda wildcards: experiment(wildcards).settings["prior"],
        n_candidates=lambda wildcards: experiment(wildcards).settings["n_candidates"],
        code=stage_hash("choose_looks.py"),
    script:
        "../../scripts/choose_looks.py"


rule score_shard:
    """Turn cluster memberships and judgements into lens probabilities (equation 7)."""
    input:
        embeddings=f"{RUN}/embeddings/{{sample}}/shard_{{shard}}.h5",
        mixture=f"{RUN}/mixture.h5",
        labels=lambda wildcards: REFUSALS.checked(
            checked_tables, experiment(wildcards), run(wildcards)
        ),
        further=lambda wildcards: experiment(wildcards).further_paths(run(wildcards))[
            "mixture"
        ],
        shares=lambda wildcards: experiment(wildcards).further_paths(run(wildcards))[
            "shares"
        ],
    output:
        scores=temp(f"{RUN}/scores/{{sample}}/shard_{{shard}}.csv"),
    log:
        "results/logs/{experiment}/{scale}/score_shard_{features}_{run}_{sample}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/score_shard_{features}_{run}_{sample}_{shard}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        in_turn=1,
        mem_mb=megabytes(800, 20),
        runtime=minutes(10, 60),
    params:
        judgements=lambda wildcards: experiment(wildcards).probabilities,
        prior=lambda wildcards: experiment(wildcards).settings["prior"],
        code=stage_hash("score_shard.py"),
    script:
        "../../scripts/score_shard.py"


use rule score_shard as keep_scores with:
    output:
        scores=f"{RUN}/clusters/{{sample}}/shard_{{shard}}.csv",


rule average_scores:
    """Average the probabilities of experiments that stand side by side, as logits."""
    input:
        scores=lambda wildcards: [
            paths[int(wildcards.shard)]
            for paths in experiment(wildcards).all_score_paths(
                run(wildcards), wildcards.sample
            )
        ],
    output:
        scores=f"{RUN}/teacher/{{sample}}/shard_{{shard}}.csv",
    log:
        "results/logs/{experiment}/{scale}/average_scores_{features}_{run}_{sample}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/average_scores_{features}_{run}_{sample}_{shard}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        in_turn=1,
        mem_mb=megabytes(800, 0.1),
        runtime=minutes(10, 10),
    params:
        judgements=lambda wildcards: experiment(wildcards).probabilities,
        code=stage_hash("average_scores.py"),
    script:
        "../../scripts/average_scores.py"


rule fit_calibration:
    """Find what the logits of students are worth as probabilities, from judged clusters and grades."""
    input:
        scores=lambda wildcards: experiment(wildcards).teacher_score_paths(
            run(wildcards)
        ),
        predictions=lambda wildcards: [
            path
            for shards in experiment(wildcards)
            .prediction_paths(run(wildcards), "train")
            .values()
            for of_students in shards
            for path in of_students
        ],
        grades=lambda wildcards: REFUSALS.checked(checked_grades, experiment(wildcards)),
    output:
        calibration=f"{RUN}/calibration.csv",
    log:
        "results/logs/{experiment}/{scale}/fit_calibration_{features}_{run}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/fit_calibration_{features}_{run}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(800, 4),
        runtime=minutes(10, 10),
    params:
        dataset=lambda wildcards: experiment(wildcards).dataset.name,
        judgements=lambda wildcards: experiment(wildcards).probabilities,
        students=lambda wildcards: experiment(wildcards).students,
        code=stage_hash("fit_calibration.py"),
    script:
        "../../scripts/fit_calibration.py"


rule add_student:
    """Put what students say, calibrated, in the place of what their teachers say."""
    input:
        scores=lambda wildcards: experiment(wildcards).teacher_score_paths(
            run(wildcards), wildcards.sample
        )[int(wildcards.shard)],
        predictions=lambda wildcards: [
            path
            for shards in experiment(wildcards)
            .prediction_paths(run(wildcards), wildcards.sample)
            .values()
            for path in shards[int(wildcards.shard)]
        ],
        calibration=f"{RUN}/calibration.csv",
    output:
        scores=f"{RUN}/taught/{{sample}}/shard_{{shard}}.csv",
    log:
        "results/logs/{experiment}/{scale}/add_student_{features}_{run}_{sample}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/add_student_{features}_{run}_{sample}_{shard}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        in_turn=1,
        mem_mb=megabytes(800, 0.1),
        runtime=minutes(10, 10),
    params:
        judgements=lambda wildcards: experiment(wildcards).probabilities,
        students=lambda wildcards: experiment(wildcards).students,
        code=stage_hash("add_student.py"),
    script:
        "../../scripts/add_student.py"


rule fit_head:
    """Fit the head of a run to the graded images, in whichever samples they are."""
    input:
        grades=lambda wildcards: REFUSALS.checked(checked_grades, experiment(wildcards)),
        answers=lambda wildcards: [
            path
            for name in experiment(wildcards).hidden_datasets
            for path in experiment(wildcards).answer_paths(name)
        ],
        scores=lambda wildcards: [
            path
            for sample in experiment(wildcards).samples
            for path in experiment(wildcards).ungraded_score_paths(
                run(wildcards), sample
            )
        ],
        embeddings=lambda wildcards: [
            path
            for sample in experiment(wildcards).samples
            for path in experiment(wildcards).embedding_paths(run(wildcards), sample)
        ],
    output:
        head=f"{RUN}/head.h5",
    log:
        "results/logs/{experiment}/{scale}/fit_head_{features}_{run}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/fit_head_{features}_{run}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: config["math_threads"]
    resources:
        mem_mb=megabytes(2000, 0.1),
        runtime=minutes(30, 30),
    params:
        samples=lambda wildcards: [
            (
                experiment(wildcards).sample_dataset(sample).name,
                experiment(wildcards).n_shards(sample),
            )
            for sample in experiment(wildcards).samples
        ],
        hidden=lambda wildcards: experiment(wildcards).hidden_datasets,
        judgements=lambda wildcards: experiment(wildcards).probabilities,
        students=lambda wildcards: experiment(wildcards).students,
        math_threads=config["math_threads"],
        code=stage_hash("fit_head.py"),
    script:
        "../../scripts/fit_head.py"


rule add_head:
    """Add what graded images say of one shard to the logits of its images."""
    input:
        scores=lambda wildcards: experiment(wildcards).ungraded_score_paths(
            run(wildcards), wildcards.sample
        )[int(wildcards.shard)],
        embeddings=f"{RUN}/embeddings/{{sample}}/shard_{{shard}}.h5",
        head=f"{RUN}/head.h5",
    output:
        scores=temp(f"{RUN}/graded/{{sample}}/shard_{{shard}}.csv"),
    log:
        "results/logs/{experiment}/{scale}/add_head_{features}_{run}_{sample}_{shard}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/add_head_{features}_{run}_{sample}_{shard}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: config["math_threads"]
    resources:
        in_turn=1,
        mem_mb=megabytes(1000, 0.1),
        runtime=minutes(10, 60),
    params:
        students=lambda wildcards: experiment(wildcards).students,
        math_threads=config["math_threads"],
        code=stage_hash("add_head.py"),
    script:
        "../../scripts/add_head.py"


rule collect_sample:
    """Join the shards of a sample: one file of embeddings, one table of scores."""
    input:
        embeddings=lambda wildcards: experiment(wildcards).embedding_paths(
            run(wildcards), wildcards.sample
        ),
        scores=lambda wildcards: experiment(wildcards).final_score_paths(
            run(wildcards), wildcards.sample
        ),
    output:
        embeddings=f"{RUN}/embeddings_{{sample}}.h5",
        scores=f"{RUN}/scores_{{sample}}.csv",
    log:
        "results/logs/{experiment}/{scale}/collect_sample_{features}_{run}_{sample}.log",
    benchmark:
        "results/benchmarks/{experiment}/{scale}/collect_sample_{features}_{run}_{sample}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(800, 0.1),
        runtime=minutes(10, 10),
    params:
        code=stage_hash("collect_sample.py"),
    script:
        "../../scripts/collect_sample.py"
