from lensflow.figures.judged_examples import by_turns


def test_items_come_by_turns():
    assert by_turns([[1, 2, 3], [], [4], [5, 6]]) == [1, 4, 5, 2, 6, 3]
