from lensflow.figures.architecture import layer_look
from lensflow.networks.kinds import describe
from unit.report.report_fixtures import PRESET


def test_layers_that_only_move_numbers_are_not_drawn():
    looks = {layer.name: layer_look(layer) for layer in describe(PRESET, "autoencoder", 24)}
    assert looks["flatten"] is None
    assert looks["embedding"] == "embedding"
    assert looks["output"] == "convolution"
