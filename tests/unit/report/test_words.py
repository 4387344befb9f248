import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import yaml

from lensflow.cluster import clusterers
from lensflow.report.contents import read_findings
from lensflow.report.words import (
    data_sentences,
    is_simulated,
    null_sentence,
    pca_sentences,
    spread,
    warnings_of,
)


def read(folder):
    return read_findings(folder / "demo/config.yaml")


def test_autoencoder_wins_only_beyond_the_scatter(folder):
    path = folder / "demo/baselines.csv"
    table = pd.read_csv(path)
    assert "wins over PCA in every run" in pca_sentences(read(folder))[0]
    for shift, expected in ((0.019, "ranges over runs overlap"), (0.1, "does not win")):
        table.assign(auc=table["auc"] + shift).to_csv(path, index=False)
        assert expected in pca_sentences(read(folder))[0]
        assert "wins over PCA in" not in pca_sentences(read(folder))[0]


def with_config(folder, change):
    path = folder / "demo/config.yaml"
    config = yaml.safe_load(path.read_text())
    change(config)
    path.write_text(yaml.safe_dump(config))


def test_the_encoder_is_called_by_its_name(folder):
    with_config(folder, lambda config: config["presets"]["demo"].update(encoder="polar"))
    assert "the polar encoder wins over PCA" in pca_sentences(read(folder))[0]


def test_principal_components_without_true_fractions_beside_are_said(folder):
    path = folder / "demo/baselines.csv"
    pd.read_csv(path).assign(labels="known").to_csv(path, index=False)
    with_config(folder, lambda config: config["experiments"]["demo"].update(labels=["stand_in"]))
    (sentence,) = pca_sentences(read(folder))
    assert "add `known` to its labels" in sentence


def test_without_true_labels_there_is_no_comparison(folder):
    path = folder / "demo/baselines.csv"
    pd.read_csv(path).head(0).to_csv(path, index=False)
    (sentence,) = pca_sentences(read(folder))
    assert "was not made" in sentence


def test_one_run_proves_no_win(folder):
    for name in ("metrics", "baselines"):
        table = pd.read_csv(folder / f"demo/{name}.csv")
        table[table["run"] == 0].to_csv(folder / f"demo/{name}.csv", index=False)
    assert "one run only" in pca_sentences(read(folder))[0]


@pytest.mark.parametrize(("centre", "ok"), [(0.5, True), (0.53, False)])
def test_null_within_three_standard_errors(folder, centre, ok):
    values = centre + np.linspace(-0.02, 0.02, 20)
    null = {"scale": "log", "n_features": 6, "run": 0, "shuffle": range(20), "auc": values}
    pd.DataFrame(null).to_csv(folder / "demo/null.csv", index=False)
    sentence, verdict = null_sentence(read(folder))
    assert verdict is ok
    assert f"{centre:.3f} ± 0.003 (20 shuffles)" in sentence
    assert any("something leaks" in text for text in warnings_of(read(folder))) is not ok


def test_warnings_name_the_model_and_the_remedy(folder):
    run = folder / "demo/log/features_6/run_0"
    fitted = clusterers.load(run / "mixture.h5")
    dataclasses.replace(fitted, converged=False, n_iter=7).save(run / "mixture.h5")
    (run / "autoencoder_report.json").write_text(json.dumps({"dead_units": 4}))
    history = pd.read_csv(run / "autoencoder_history.csv")
    history.assign(val_loss=0.4).to_csv(run / "autoencoder_history.csv", index=False)
    text = "\n".join(warnings_of(read(folder)))
    assert "log scale, 6 features, run 0: the mixture did not converge in 7 it" in text
    assert "raise mixture.max_iter" in text
    assert "4 of 6 features are dead" in text
    assert "no better than that of one constant image" in text
    assert "fake: 1 file or row in quarantine (1 × not a FITS file)" in text


def test_the_training_of_the_encoder_is_read_whatever_it_is_called(folder):
    with_config(folder, lambda config: config["presets"]["demo"].update(encoder="contrastive"))
    run = folder / "demo/log/features_6/run_0"
    (run / "contrastive_report.json").write_text(json.dumps({"dead_units": 5}))
    history = pd.read_csv(run / "autoencoder_history.csv").assign(val_loss=0.4)
    history.to_csv(run / "contrastive_history.csv", index=False)
    text = "\n".join(warnings_of(read(folder)))
    assert "5 of 6 features are dead" in text
    assert "run 0: the encoder's held-out loss 0.4000 is no better" in text
    assert "run 1" not in text


def test_the_held_out_loss_is_that_of_the_weights_that_were_kept(folder):
    """With patience these are of an earlier epoch than the last of the history."""
    run = folder / "demo/log/features_6/run_0"
    (run / "autoencoder_report.json").write_text(json.dumps({"final_val_loss": 0.2}))
    history = pd.read_csv(run / "autoencoder_history.csv")
    history.assign(val_loss=0.4).to_csv(run / "autoencoder_history.csv", index=False)
    findings = read(folder)
    first = next(m for m in findings.models if (m.run.n_features, m.run.run) == (6, 0))
    assert first.training["held_out_loss"] == 0.2
    assert "no better than that of one constant image" not in " ".join(warnings_of(findings))


def test_simulated_data_is_called_so(folder):
    first, second = data_sentences(read(folder))
    assert first.startswith("Trained on fake: 60 simulated images")
    assert second.startswith("Applied to faint")


def test_the_dataset_whose_lenses_are_injected_is_among_the_data(folder):
    def inject(config):
        lenses = {"kind": "simulate", "population": "training", "n_objects": 40}
        config["datasets"]["lenses"] = lenses
        config["experiments"]["demo"] |= {"labels": ["injected", "nobody"], "injections": "lenses"}

    with_config(folder, inject)
    *_, third = data_sentences(read(folder))
    assert third.startswith("Lenses injected from lenses: 40 simulated images")
    with_config(folder, lambda config: config["experiments"]["demo"]["apply_to"].append("lenses"))
    *_, third = data_sentences(read(folder))
    assert third.startswith("Applied to lenses")


def test_real_data_is_not_called_simulated(folder):
    path = folder / "demo/config.yaml"
    config = yaml.safe_load(path.read_text())
    config["datasets"] = {
        "fake": {"kind": "challenge1", "path": "data/SpaceBasedTraining"},
        "faint": {"kind": "fits", "path": "data/euclid", "state": "denoised"},
    }
    path.write_text(yaml.safe_dump(config))
    assert "imulated" not in " ".join(data_sentences(read(folder)))
    assert not is_simulated(read(folder))


def test_spread_of_one_run_and_of_none():
    row = pd.Series({"mean": 0.5, "min": 0.5, "max": 0.5, "n_runs": 1})
    assert spread(row) == "0.500 (one run)"
    assert spread(None) == "not available"


def test_an_interval_is_said_to_be_of_objects_drawn_again():
    """Rotations of an object are drawn together: see `lensflow.evaluate.bootstrap`."""
    row = pd.Series({"mean": 0.5, "n_runs": 1, "boot_low": 0.4, "boot_high": 0.6})
    assert spread(row) == "0.500 (one run); bootstrap over objects 0.400 to 0.600 (68 %)"
