"""Figures: they read tables and artifacts, and never train anything.

NEEDS: the tables, embeddings, mixtures and histories of an experiment
MAKES: results/<experiment>/figures/<name>.png and .pdf
"""


rule plot_class_examples:
    """Examples of lenses and non-lenses (Fig. 3)."""
    input:
        index=figure_dataset,
        images=lambda wildcards: image_shards(dataset_of(wildcards)),
    output:
        png=report(
            "results/{experiment}/figures/class_examples.png",
            caption="../report/captions/class_examples.rst",
            category="{experiment}",
            labels={"figure": "class examples"},
        ),
        pdf="results/{experiment}/figures/class_examples.pdf",
    log:
        "results/logs/{experiment}/plot_class_examples.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_class_examples.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        scale=lambda wildcards: headline(wildcards.experiment)[0],
        seed=config["seed"],
        code=stage_hash("plot_class_examples.py"),
    script:
        "../../scripts/plot_class_examples.py"


rule plot_denoising:
    """Images before and after the denoiser (Fig. 4)."""
    input:
        raw=headline_stacks("stacks"),
        denoised=headline_stacks("denoised"),
    output:
        png=report(
            "results/{experiment}/figures/denoising.png",
            caption="../report/captions/denoising.rst",
            category="{experiment}",
            labels={"figure": "denoising"},
        ),
        pdf="results/{experiment}/figures/denoising.pdf",
    log:
        "results/logs/{experiment}/plot_denoising.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_denoising.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        seed=config["seed"],
        code=stage_hash("plot_denoising.py"),
    script:
        "../../scripts/plot_denoising.py"


rule plot_reconstructions:
    """What the feature autoencoder makes of its input."""
    input:
        examples=headline_run("examples_train.h5"),
    output:
        png=report(
            "results/{experiment}/figures/reconstructions.png",
            caption="../report/captions/reconstructions.rst",
            category="{experiment}",
            labels={"figure": "reconstructions"},
        ),
        pdf="results/{experiment}/figures/reconstructions.pdf",
    log:
        "results/logs/{experiment}/plot_reconstructions.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_reconstructions.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        seed=config["seed"],
        code=stage_hash("plot_reconstructions.py"),
    script:
        "../../scripts/plot_reconstructions.py"


rule plot_cluster_sheet:
    """25 members of every cluster, with the true fractions."""
    input:
        embeddings=training_embeddings,
        mixture=f"{RUN}/mixture.h5",
        stacks=training_stacks("denoised"),
    output:
        png=report(
            "results/{experiment}/figures/clusters_{scale}_features_{features}_run_{run}.png",
            caption="../report/captions/cluster_sheet.rst",
            category="{experiment}",
            labels={
                "figure": "clusters",
                "model": "{scale}, {features} features, run {run}",
            },
        ),
        pdf="results/{experiment}/figures/clusters_{scale}_features_{features}_run_{run}.pdf",
    log:
        "results/logs/{experiment}/plot_cluster_sheet_{scale}_{features}_{run}.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_cluster_sheet_{scale}_{features}_{run}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        labelled=True,
        choice="random",
        seed=config["seed"],
        code=stage_hash("plot_cluster_sheet.py"),
    script:
        "../../scripts/plot_cluster_sheet.py"


rule plot_cluster_sheet_unlabelled:
    """25 members of every cluster, without any label, for a person to judge."""
    input:
        embeddings=training_embeddings,
        mixture=f"{RUN}/mixture.h5",
        stacks=training_stacks("denoised"),
    output:
        png=report(
            "results/{experiment}/figures/clusters_unlabelled_{scale}_features_{features}_run_{run}.png",
            caption="../report/captions/cluster_sheet_unlabelled.rst",
            category="{experiment}",
            labels={
                "figure": "clusters to judge",
                "model": "{scale}, {features} features, run {run}",
            },
        ),
        pdf="results/{experiment}/figures/clusters_unlabelled_{scale}_features_{features}_run_{run}.pdf",
    log:
        "results/logs/{experiment}/plot_cluster_sheet_unlabelled_{scale}_{features}_{run}.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_cluster_sheet_unlabelled_{scale}_{features}_{run}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        labelled=False,
        choice="random",
        seed=config["seed"],
        code=stage_hash("plot_cluster_sheet.py"),
    script:
        "../../scripts/plot_cluster_sheet.py"


rule plot_clusters_lens:
    """Clusters with a high fraction of lenses, and their sources alone (Fig. 10)."""
    input:
        embeddings=headline_shards("train"),
        mixture=headline_run("mixture.h5"),
        stacks=headline_stacks("denoised"),
        images=source_shards,
    output:
        png=report(
            "results/{experiment}/figures/clusters_lens.png",
            caption="../report/captions/clusters_lens.rst",
            category="{experiment}",
            labels={"figure": "clusters lens"},
        ),
        pdf="results/{experiment}/figures/clusters_lens.pdf",
    log:
        "results/logs/{experiment}/plot_clusters_lens.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_clusters_lens.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        variant="lens",
        seed=config["seed"],
        code=stage_hash("plot_cluster_columns.py"),
    script:
        "../../scripts/plot_cluster_columns.py"


rule plot_clusters_non_lens:
    """Clusters with a high fraction of non-lenses (Fig. 11)."""
    input:
        embeddings=headline_shards("train"),
        mixture=headline_run("mixture.h5"),
        stacks=headline_stacks("denoised"),
    output:
        png=report(
            "results/{experiment}/figures/clusters_non_lens.png",
            caption="../report/captions/clusters_non_lens.rst",
            category="{experiment}",
            labels={"figure": "clusters non lens"},
        ),
        pdf="results/{experiment}/figures/clusters_non_lens.pdf",
    log:
        "results/logs/{experiment}/plot_clusters_non_lens.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_clusters_non_lens.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        variant="non_lens",
        seed=config["seed"],
        code=stage_hash("plot_cluster_columns.py"),
    script:
        "../../scripts/plot_cluster_columns.py"


rule plot_clusters_uncertain:
    """Clusters with as many lenses as non-lenses (Fig. 12)."""
    input:
        embeddings=headline_shards("train"),
        mixture=headline_run("mixture.h5"),
        stacks=headline_stacks("denoised"),
    output:
        png=report(
            "results/{experiment}/figures/clusters_uncertain.png",
            caption="../report/captions/clusters_uncertain.rst",
            category="{experiment}",
            labels={"figure": "clusters uncertain"},
        ),
        pdf="results/{experiment}/figures/clusters_uncertain.pdf",
    log:
        "results/logs/{experiment}/plot_clusters_uncertain.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_clusters_uncertain.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        variant="uncertain",
        seed=config["seed"],
        code=stage_hash("plot_cluster_columns.py"),
    script:
        "../../scripts/plot_cluster_columns.py"


rule plot_judged_examples:
    """Members of the clusters judged 0, 0.5 and 1 (Fig. 5)."""
    input:
        embeddings=headline_shards("train"),
        mixture=headline_run("mixture.h5"),
        stacks=headline_stacks("denoised"),
        labels=shown_label_table,
    output:
        png=report(
            "results/{experiment}/figures/judged_examples.png",
            caption="../report/captions/judged_examples.rst",
            category="{experiment}",
            labels={"figure": "judged examples"},
        ),
        pdf="results/{experiment}/figures/judged_examples.pdf",
    log:
        "results/logs/{experiment}/plot_judged_examples.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_judged_examples.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        seed=config["seed"],
        code=stage_hash("plot_judged_examples.py"),
    script:
        "../../scripts/plot_judged_examples.py"


rule plot_label_methods:
    """ROC and metrics by how clusters are labelled (Fig. 8)."""
    input:
        roc="results/{experiment}/roc.csv",
        summary="results/{experiment}/metrics_summary.csv",
    output:
        png=report(
            "results/{experiment}/figures/label_methods.png",
            caption="../report/captions/label_methods.rst",
            category="{experiment}",
            labels={"figure": "label methods"},
        ),
        pdf="results/{experiment}/figures/label_methods.pdf",
    log:
        "results/logs/{experiment}/plot_label_methods.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_label_methods.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        where=lambda wildcards: headline_where(
            sample=paper_sample(wildcards), cut="none"
        )(wildcards),
        code=stage_hash("plot_label_methods.py"),
    script:
        "../../scripts/plot_label_methods.py"


rule plot_confusion:
    """Confusion matrix of the training sample (Fig. 9)."""
    input:
        metrics="results/{experiment}/metrics.csv",
    output:
        png=report(
            "results/{experiment}/figures/confusion.png",
            caption="../report/captions/confusion.rst",
            category="{experiment}",
            labels={"figure": "confusion"},
        ),
        pdf="results/{experiment}/figures/confusion.pdf",
    log:
        "results/logs/{experiment}/plot_confusion.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_confusion.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        where=lambda wildcards: headline_where(
            sample="train", cut="none", labels=shown_labels(wildcards)
        )(wildcards),
        code=stage_hash("plot_confusion.py"),
    script:
        "../../scripts/plot_confusion.py"


rule plot_roc_cut:
    """ROC before and after the cut in signal to noise and pixels (Fig. 16)."""
    input:
        roc="results/{experiment}/roc.csv",
        summary="results/{experiment}/metrics_summary.csv",
    output:
        png=report(
            "results/{experiment}/figures/roc_cut.png",
            caption="../report/captions/roc_cut.rst",
            category="{experiment}",
            labels={"figure": "roc cut"},
        ),
        pdf="results/{experiment}/figures/roc_cut.pdf",
    log:
        "results/logs/{experiment}/plot_roc_cut.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_roc_cut.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        compare="cut",
        where=lambda wildcards: headline_where(
            sample=cut_sample(wildcards), labels=shown_labels(wildcards)
        )(wildcards),
        code=stage_hash("plot_roc.py"),
    script:
        "../../scripts/plot_roc.py"


rule plot_populations:
    """How visible the lenses of the datasets are (Fig. 15)."""
    input:
        indices=lambda wildcards: [
            f"results/data/{name}/index.h5" for name in labelled_datasets(wildcards)
        ],
    output:
        png=report(
            "results/{experiment}/figures/populations.png",
            caption="../report/captions/populations.rst",
            category="{experiment}",
            labels={"figure": "populations"},
        ),
        pdf="results/{experiment}/figures/populations.pdf",
    log:
        "results/logs/{experiment}/plot_populations.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_populations.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        datasets=labelled_datasets,
        code=stage_hash("plot_populations.py"),
    script:
        "../../scripts/plot_populations.py"


rule plot_auc_features:
    """AUC against the number of features, by scale (Fig. 7)."""
    input:
        summary="results/{experiment}/metrics_summary.csv",
    output:
        png=report(
            "results/{experiment}/figures/auc_features.png",
            caption="../report/captions/auc_features.rst",
            category="{experiment}",
            labels={"figure": "auc features"},
        ),
        pdf="results/{experiment}/figures/auc_features.pdf",
    log:
        "results/logs/{experiment}/plot_auc_features.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_auc_features.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        where=lambda wildcards: {
            "sample": paper_sample(wildcards),
            "cut": "none",
            "labels": shown_labels(wildcards),
        },
        code=stage_hash("plot_auc_features.py"),
    script:
        "../../scripts/plot_auc_features.py"


rule plot_baselines:
    """The autoencoder beside principal components."""
    input:
        metrics="results/{experiment}/metrics.csv",
        baselines="results/{experiment}/baselines.csv",
    output:
        png=report(
            "results/{experiment}/figures/baselines.png",
            caption="../report/captions/baselines.rst",
            category="{experiment}",
            labels={"figure": "baselines"},
        ),
        pdf="results/{experiment}/figures/baselines.pdf",
    log:
        "results/logs/{experiment}/plot_baselines.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_baselines.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        where=lambda wildcards: headline_where(
            sample=headline_sample(wildcards), labels="known"
        )(wildcards),
        code=stage_hash("plot_baselines.py"),
    script:
        "../../scripts/plot_baselines.py"


rule plot_null:
    """What shuffled labels give."""
    input:
        null="results/{experiment}/null.csv",
        metrics="results/{experiment}/metrics.csv",
    output:
        png=report(
            "results/{experiment}/figures/null.png",
            caption="../report/captions/null.rst",
            category="{experiment}",
            labels={"figure": "null"},
        ),
        pdf="results/{experiment}/figures/null.pdf",
    log:
        "results/logs/{experiment}/plot_null.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_null.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        where=headline_where(),
        code=stage_hash("plot_null.py"),
    script:
        "../../scripts/plot_null.py"


rule plot_training:
    """Losses of all trainings."""
    input:
        denoisers=lambda wildcards: list(histories(wildcards)[0].values()),
        autoencoders=lambda wildcards: list(histories(wildcards)[1].values()),
    output:
        png=report(
            "results/{experiment}/figures/training.png",
            caption="../report/captions/training.rst",
            category="{experiment}",
            labels={"figure": "training"},
        ),
        pdf="results/{experiment}/figures/training.pdf",
    log:
        "results/logs/{experiment}/plot_training.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_training.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        denoisers=lambda wildcards: list(histories(wildcards)[0]),
        autoencoders=lambda wildcards: list(histories(wildcards)[1]),
        code=stage_hash("plot_training.py"),
    script:
        "../../scripts/plot_training.py"


rule plot_architecture:
    """The feature autoencoder as it was built (Fig. 1)."""
    output:
        png=report(
            "results/{experiment}/figures/architecture.png",
            caption="../report/captions/architecture.rst",
            category="{experiment}",
            labels={"figure": "architecture"},
        ),
        pdf="results/{experiment}/figures/architecture.pdf",
    log:
        "results/logs/{experiment}/plot_architecture.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_architecture.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        preset=preset,
        n_features=lambda wildcards: headline(wildcards.experiment)[1],
        code=stage_hash("plot_architecture.py"),
    script:
        "../../scripts/plot_architecture.py"


rule plot_mixture_illustration:
    """A mixture fitted in two dimensions (Fig. 2)."""
    output:
        png=report(
            "results/{experiment}/figures/mixture_illustration.png",
            caption="../report/captions/mixture_illustration.rst",
            category="{experiment}",
            labels={"figure": "mixture illustration"},
        ),
        pdf="results/{experiment}/figures/mixture_illustration.pdf",
    log:
        "results/logs/{experiment}/plot_mixture_illustration.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_mixture_illustration.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        seed=config["seed"],
        code=stage_hash("plot_mixture_illustration.py"),
    script:
        "../../scripts/plot_mixture_illustration.py"


rule plot_candidates:
    """The best candidates of a dataset."""
    input:
        candidates="results/{experiment}/candidates_{dataset}.csv",
        images=lambda wildcards: image_shards(wildcards.dataset),
    output:
        png=report(
            "results/{experiment}/figures/candidates_{dataset}.png",
            caption="../report/captions/candidates.rst",
            category="{experiment}",
            labels={"figure": "candidates", "dataset": "{dataset}"},
        ),
        pdf="results/{experiment}/figures/candidates_{dataset}.pdf",
    log:
        "results/logs/{experiment}/plot_candidates_{dataset}.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_candidates_{dataset}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        scale=lambda wildcards: headline(wildcards.experiment)[0],
        code=stage_hash("plot_candidates.py"),
    script:
        "../../scripts/plot_candidates.py"


rule plot_roc_ratios:
    """ROC at the seven ratios of table 1 (Fig. 13)."""
    input:
        roc="results/{experiment}/roc.csv",
        summary="results/{experiment}/metrics_summary.csv",
    output:
        png=report(
            "results/{experiment}/figures/roc_ratios.png",
            caption="../report/captions/roc_ratios.rst",
            category="{experiment}",
            labels={"figure": "roc ratios"},
        ),
        pdf="results/{experiment}/figures/roc_ratios.pdf",
    log:
        "results/logs/{experiment}/plot_roc_ratios.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_roc_ratios.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        compare="sample",
        where=lambda wildcards: headline_where(
            cut="none", labels=shown_labels(wildcards)
        )(wildcards),
        values=RATIO_SAMPLES,
        code=stage_hash("plot_roc.py"),
    script:
        "../../scripts/plot_roc.py"


rule plot_confusion_rare:
    """Confusion matrix of the test set with 0.01 % of lenses (Fig. 14)."""
    input:
        metrics="results/{experiment}/metrics.csv",
    output:
        png=report(
            "results/{experiment}/figures/confusion_rare.png",
            caption="../report/captions/confusion_rare.rst",
            category="{experiment}",
            labels={"figure": "confusion rare"},
        ),
        pdf="results/{experiment}/figures/confusion_rare.pdf",
    log:
        "results/logs/{experiment}/plot_confusion_rare.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_confusion_rare.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        where=lambda wildcards: headline_where(
            sample=RATIO_SAMPLES[-1], cut="none", labels=shown_labels(wildcards)
        )(wildcards),
        code=stage_hash("plot_confusion.py"),
    script:
        "../../scripts/plot_confusion.py"


rule plot_ranking:
    """Purity and completeness among the best N images, by ratio."""
    input:
        scores=headline_runs("scores_test.csv"),
    output:
        png=report(
            "results/{experiment}/figures/ranking.png",
            caption="../report/captions/ranking.rst",
            category="{experiment}",
            labels={"figure": "ranking"},
        ),
        pdf="results/{experiment}/figures/ranking.pdf",
    log:
        "results/logs/{experiment}/plot_ranking.log",
    benchmark:
        "results/benchmarks/{experiment}/plot_ranking.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=megabytes(1500, 1),
        runtime=minutes(15, 10),
    params:
        labels=shown_labels,
        ratios=list(TABLE1_RATIOS),
        seed=config["seed"],
        code=stage_hash("plot_ranking.py"),
    script:
        "../../scripts/plot_ranking.py"
