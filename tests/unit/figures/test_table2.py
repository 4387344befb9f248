from lensflow.figures.table2 import kind_of, method_table
from lensflow.files.tables import write_csv
from lensflow.paper.numbers import Entry
from lensflow.paper.table2 import table2


def test_ours_are_drawn_among_the_challenges_methods(tmp_path):
    ours = Entry("lensflow", "", 0.77, 0.0, 0.1, "")._asdict()
    write_csv(tmp_path / "table2.csv", table2([ours], [{**ours, "name": "*lensflow"}]))
    method_table(tmp_path / "table2.csv", tmp_path / "t.png", tmp_path / "t.pdf")
    assert (tmp_path / "t.png").stat().st_size > 10_000


def test_whose_row_it_is():
    assert kind_of("CAST", "published") == "others"
    assert kind_of("*Unsupervised technique", "published") == "paper"
    assert kind_of("lensflow", "this run") == "ours"
