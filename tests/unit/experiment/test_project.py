from small_projects import project


def test_an_experiment_stands_beside_its_partners_where_they_are_run():
    chosen = project()
    first = chosen.experiments["first"]
    assert chosen.chosen == list(chosen.experiments.values())
    assert chosen.compared == [first]
    assert chosen.partner(first, "honest").name == "second"
    assert chosen.partner(first, "challenge").name == "third"
    assert chosen.partner(chosen.experiments["second"], "challenge") is None
    roles = {role: one.name for role, one in chosen.comparisons[0].items()}
    assert roles == {"training": "first", "honest": "second", "challenge": "third"}


def test_an_experiment_alone_has_no_partner():
    chosen = project(run=["first"])
    roles = {role: one and one.name for role, one in chosen.comparisons[0].items()}
    assert roles == {"training": "first", "honest": None, "challenge": None}
    assert chosen.candidate_paths == ["results/first/candidates_there.csv"]
