"""Training of the networks, with exact resumption."""
