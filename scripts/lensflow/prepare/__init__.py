"""Which object goes where, and the images that the networks see (sections 3.1 and 3.2)."""
