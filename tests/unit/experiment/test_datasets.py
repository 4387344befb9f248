from lensflow.experiment import Dataset
from small_projects import project


def test_a_dataset_is_labelled_by_its_kind(tmp_path):
    chosen = project(tmp_path)
    assert chosen.datasets["here"].is_labelled
    assert not chosen.datasets["images"].is_labelled
    assert chosen.experiments["first"].is_labelled
    assert not chosen.experiments["unlabelled"].is_labelled
    labelled = chosen.experiments["mixed"].labelled_datasets
    assert [dataset.name for dataset in labelled] == ["here"]


def test_what_else_a_dataset_says(tmp_path):
    chosen = project(tmp_path).datasets
    assert chosen["here"].is_simulated
    assert not chosen["images"].is_simulated
    assert (chosen["here"].keeps_sources, chosen["there"].keeps_sources) == (True, False)
    assert not chosen["images"].is_denoised
    assert chosen["here"].title == "simulated (here: 20,000 images)"
    assert chosen["images"].title == "FITS cutouts (images)"
    assert "simulated images" in chosen["here"].words


def test_paths_of_a_dataset(tmp_path):
    chosen = project(tmp_path).datasets
    here = chosen["here"]
    assert here.image_paths == [f"results/data/here/images/shard_{i}.h5" for i in (0, 1)]
    assert here.index_path == "results/data/here/index.h5"
    assert here.manifest_path == "results/data/here/manifest.h5"
    assert here.quarantine_path == "results/data/here/quarantine.csv"
    assert here.shard_quarantine_paths[1] == "results/data/here/images/quarantine_1.csv"
    assert here.simulated_parts[1] == "results/data/here/simulated/Data.1/catalogue_part.csv"
    assert here.cutout_sources == [
        "results/data/here/simulated/classifications.csv",
        "results/data/here/simulated/Data.0/Public",
        "results/data/here/simulated/Data.1/Public",
    ]
    assert chosen["images"].cutout_folder == str(tmp_path)
    assert chosen["images"].cutout_sources == [str(tmp_path)]


def test_the_folder_of_the_files_is_where_the_sources_are_now():
    there = project().datasets["there"]
    sources = [f"elsewhere/{path}" for path in there.cutout_sources]
    assert there.local_folder(sources) == f"elsewhere/{there.cutout_folder}"
    own = Dataset("own", {"kind": "fits", "path": "data/own"})
    assert own.local_folder(["kept/data/own", "kept/catalogue.csv"]) == "kept/data/own"


COMPLETENESS = {"n": 10, "pixel_scale": 0.1, "psf_fwhm": 0.18, "shards": 3}


def test_a_dataset_with_sources_in_its_images_has_shards_of_its_own(tmp_path):
    chosen = project(datasets={"there": {"completeness": COMPLETENESS}})
    injected = chosen.datasets["there"].injected
    assert injected.name == "there_injected"
    assert injected.image_paths == [
        f"results/data/there_injected/images/shard_{shard}.h5" for shard in range(3)
    ]
    assert chosen.injected == {"there_injected": "there"}
    assert project().injected == {}
    assert chosen.samples == ["train", "test", "here", "there", "there_injected"]


def test_what_is_made_of_images_makes_none_of_them_again():
    plain, asked = (
        project(datasets=changes).datasets["there"]
        for changes in ({}, {"there": {"completeness": COMPLETENESS}})
    )
    assert plain.image_entry == asked.image_entry
    assert plain.entry != asked.entry
    assert "lens_fractions" not in asked.injection
    assert asked.injection["population"] == "challenge"
