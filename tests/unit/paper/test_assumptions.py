from lensflow.paper.assumptions import ASSUMPTIONS


def test_every_assumption_is_complete_and_names_a_key_that_exists():
    from lensflow.workflow.schema import SCHEMA_PATH

    schema = SCHEMA_PATH.read_text()
    for entry in ASSUMPTIONS:
        assert all(entry)
        for key in entry.key.split(", "):
            assert key == "-" or f"{key.split('.')[-1]}:" in schema
