from lensflow.report.rule_graph import layered, parse_dot, reduced, rule_graph_svg
from unit.report.graph import DOT


def test_dot_is_read():
    names, edges = parse_dot(DOT)
    assert names == {0: "all", 1: "ingest", 2: "train"}
    assert edges == [(1, 0), (1, 2), (2, 0)]


def test_edges_said_twice_are_left_out():
    assert reduced([(1, 0), (1, 2), (2, 0)]) == [(1, 2), (2, 0)]


def test_each_rule_is_below_what_it_needs():
    edges = [(1, 2), (2, 0), (1, 0), (3, 0)]
    layers = layered(dict.fromkeys(range(4), ""), edges)
    assert all(layers[a] < layers[b] for a, b in edges)


def test_every_rule_and_edge_is_drawn():
    svg = rule_graph_svg(DOT)
    assert svg.count("<rect") == 3
    assert svg.count("<path") == 2


def test_long_edges_bend_around_rules():
    rules = "".join(f'{n}[label = "r{n}"];\n' for n in range(5))
    dot = rules + "0 -> 1\n1 -> 2\n2 -> 4\n0 -> 3\n3 -> 4\n"
    assert rule_graph_svg(dot).count("<rect") == 5


def test_empty_graph():
    assert rule_graph_svg("digraph snakemake_dag {}") == ""


def test_labels_are_escaped():
    assert "<b>" not in rule_graph_svg('0[label = "<b>"];')
