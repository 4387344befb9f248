"""How many objects the samples of the paper have (section 3.1)."""

# Section 3.1 of the paper: 12,800 of 13,968 lenses and 3,200 of 6,032 non-lenses (times four
# rotations) are for training; what is left, 1,168 lenses and 2,832 non-lenses, is for testing.
PAPER_TRAIN_LENSES = 12_800
PAPER_TRAIN_NONLENSES = 3_200
PAPER_TEST_LENSES = 1_168
PAPER_TEST_NONLENSES = 2_832
ROTATIONS = 4


def paper_counts(fraction: float) -> dict[tuple[str, int], int]:
    """Return the number of objects by (sample, is_lens) at a fraction of the paper's counts."""
    full = {
        ("train", 1): PAPER_TRAIN_LENSES,
        ("train", 0): PAPER_TRAIN_NONLENSES,
        ("test", 1): PAPER_TEST_LENSES,
        ("test", 0): PAPER_TEST_NONLENSES,
    }
    return {key: max(1, round(fraction * count)) for key, count in full.items()}
