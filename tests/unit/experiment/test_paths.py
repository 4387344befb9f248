from lensflow.samples.runs import Run
from small_projects import project


def test_paths_of_a_run(first):
    run, folder = Run("log", 4, 1), "results/first/log/features_4/run_1"
    assert first.run_path(run) == folder
    assert first.encoder_path(run) == f"{folder}/autoencoder.weights.h5"
    assert first.mixture_path(run) == f"{folder}/mixture.h5"
    assert first.cluster_labels_path(run, "known") == f"{folder}/cluster_labels_known.csv"
    assert first.cluster_labels_path(run, "stand_in") == f"{folder}/cluster_labels_stand_in.csv"
    assert first.embedding_paths(run, "there") == [
        f"{folder}/embeddings/there/shard_{i}.h5" for i in (0, 1)
    ]
    assert first.score_paths(run, "test") == [
        f"{folder}/scores/test/shard_{i}.csv" for i in (0, 1, 2)
    ]
    assert first.source_embedding_paths(run) == [f"{folder}/sources/shard_{i}.h5" for i in (0, 1)]


def test_a_persons_table_is_where_it_was_said_to_be(tmp_path):
    chosen = project(tmp_path).experiments["unlabelled"]
    assert chosen.cluster_labels_path(Run("log", 4, 0), "person") == "judged/log_4_0.csv"


def test_files_of_all_samples_are_listed_run_by_run():
    chosen = project(first={"scales": ["linear"], "n_features": [4], "headline": None})
    paths = chosen.experiments["first"].sample_paths("scores_{sample}.csv")
    assert paths == [
        f"results/first/linear/features_4/run_{run}/scores_{sample}.csv"
        for run in (0, 1)
        for sample in ("train", "test", "there")
    ]


def test_files_of_all_runs_and_of_the_headline(first):
    assert len(first.run_paths("mixture.h5")) == 8
    assert first.headline_path("mixture.h5") == "results/first/log/features_4/run_0/mixture.h5"
    assert first.headline_paths("scores_test.csv") == [
        f"results/first/log/features_4/run_{run}/scores_test.csv" for run in (0, 1)
    ]


def test_paths_of_an_experiment(first):
    assert first.config_path == "results/first/config.yaml"
    assert first.split_path == "results/first/split.csv"
    assert first.table_path("metrics") == "results/first/metrics.csv"
    assert first.figure_path("null") == "results/first/figures/null.png"
    assert first.candidates_path("there") == "results/first/candidates_there.csv"
    assert first.denoiser_path("log") == "results/first/log/denoiser.weights.h5"
    assert first.denoiser_history_path("log") == "results/first/log/denoiser_history.csv"


def test_stacks_are_those_of_the_own_samples(first):
    assert first.stack_paths("log", "denoised", "test") == [
        f"results/first/log/denoised/test/shard_{i}.h5" for i in (0, 1, 2)
    ]
    assert first.stack_paths("log", "stacks", "there") == []
    assert project().experiments["third"].stack_paths("log", "stacks", "test") == []


def test_baselines_need_labels_and_can_be_left_out(tmp_path):
    chosen = project(tmp_path, second={"baselines": False}).experiments
    assert chosen["first"].baseline_paths == [
        "results/first/log/baselines.csv",
        "results/first/linear/baselines.csv",
    ]
    assert chosen["second"].baseline_paths == []
    assert chosen["unlabelled"].baseline_paths == []


def test_a_preset_with_a_student_has_one_and_others_do_not():
    taught = {"preset": "taught", "scales": ["sigma"], "n_features": [4], "shards": 2}
    chosen = project(second={**taught, "apply_to": ["there"]}).experiments["second"]
    run = Run("sigma", 4, 0)
    folder = "results/second/sigma/features_4/run_0"
    assert chosen.students == ["student"]
    assert chosen.student_path(run, "student", "known") == f"{folder}/student_known.weights.h5"
    assert chosen.teacher_score_paths(run) == [
        # Kept, since a student is not to be trained again where they are only made again.
        f"{folder}/clusters/train/shard_{shard}.csv"
        for shard in (0, 1)
    ]
    assert chosen.final_score_paths(run, "there")[1] == f"{folder}/taught/there/shard_1.csv"
    for sample in ("test", "there"):
        assert chosen.prediction_paths(run, sample) == {
            judgement: [[f"{folder}/student/{judgement}/{sample}/shard_{i}.h5"] for i in (0, 1)]
            for judgement in chosen.probabilities
        }
    assert not project().experiments["second"].students


def test_every_training_has_a_history():
    first = project().experiments["first"]
    kinds = [history.network for history in first.histories]
    assert kinds == 2 * ["denoiser"] + 8 * ["autoencoder"]
    assert first.histories[2] == (
        "autoencoder",
        "log features 4 run 0",
        "results/first/log/features_4/run_0/autoencoder_history.csv",
    )
    changes = {"scales": ["sigma"], "headline": {"scale": "sigma", "n_features": 4}}
    settings = {"preset": "taught", "labels": ["known", "nobody"], "appendix_a": None, **changes}
    taught = project(first=settings).experiments["first"]
    assert [(history.network, history.path) for history in taught.histories][::2] == [
        ("student", f"results/first/sigma/features_{n}/run_0/student_known_history.csv")
        for n in (4, 20)
    ]


def test_tables_on_injected_sources_are_told_from_those_on_known_lenses(first):
    assert first.injected_paths("there") == {
        name: f"results/first/injected_{name}_there.csv"
        for name in ("sources", "completeness", "purity")
    }
    assert first.completeness_path("there") == "results/first/completeness_there.csv"
