import numpy as np

from artifact_examples import TABLE
from lensflow.artifacts.__main__ import main
from lensflow.artifacts.describing import describe
from lensflow.files import provenance, tables
from lensflow.files.provenance import Origin


def test_a_file_is_described_and_its_damage_too(example, capsys):
    text = describe(example)
    assert "format: lensflow-images" in text
    assert "/flux <f4(3, 4, 5) AB maggies pixels" in text
    assert "\n  intact: content_sha256 " in text
    assert main([str(example)]) == 0
    data = bytearray(example.read_bytes())
    data[data.index(np.arange(60, dtype="f4").tobytes()) + 3] ^= 1
    example.write_bytes(data)
    assert main([str(example), str(example)]) == 1
    assert capsys.readouterr().out.count("DAMAGED: ") == 2


def test_a_table_is_described_by_its_record(tmp_path):
    path = tmp_path / "results/demo/split.csv"
    tables.write_csv(path, TABLE)
    assert "not verified" in describe(path)
    with provenance.made_by(Origin({"index": "cd"})):
        provenance.record(path)
    assert "made as results/demo/split.csv" in describe(path)
    assert "origin index: cd" in describe(path)
    path.write_text(path.read_text()[:-9])
    assert "DAMAGED" in describe(path)
    assert "DAMAGED" in describe(tmp_path / "none.csv")
