import pytest

from lensflow.paper.contents import PAPER_TABLES, compared_paths, comparison_paths, paper_tables
from lensflow.paper.publish import TABLES
from small_projects import project


def test_an_experiment_of_the_papers_protocol_has_every_table():
    chosen = project().experiments["first"]
    assert paper_tables(chosen) == [table.name for table in PAPER_TABLES]


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"compare_paper": None}, {"table2"}),
        ({"appendix_a": None}, {"appendix_a"}),
        ({"labels": ["nobody"]}, {"ranking"}),
        ({"compare_paper": None, "protocol": "honest"}, {"table1", "ranking", "table2"}),
    ],
)
def test_a_table_is_left_out_where_its_reason_is_missing(changes, missing):
    found = paper_tables(project(first=changes).experiments["first"])
    assert set(found) == {table.name for table in PAPER_TABLES} - missing


def test_without_labels_there_are_no_tables_of_the_paper(tmp_path):
    assert paper_tables(project(tmp_path).experiments["unlabelled"]) == []


def test_the_comparison_reads_each_experiment_once_and_not_its_own_table():
    chosen = project()
    paths = comparison_paths(chosen)
    assert len(paths) == len(set(paths))
    assert "results/first/ranking.csv" in paths
    assert "results/second/metrics_summary.csv" in paths
    assert "results/third/roc.csv" in paths
    assert "results/first/table2.csv" not in paths
    assert compared_paths(None) == []


def test_every_table_of_the_paper_is_published_and_the_short_ones_are_in_the_report():
    published = {shown.name: shown.title for shown in TABLES if shown.role == "training"}
    for table in PAPER_TABLES:
        assert published[table.name] == table.title
    assert [table.name for table in PAPER_TABLES if not table.in_report] == ["clusters"]
