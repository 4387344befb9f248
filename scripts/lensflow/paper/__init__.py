"""What Cheng et al. (2020) published, as data, and our numbers beside it."""
