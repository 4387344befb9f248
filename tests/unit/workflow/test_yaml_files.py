import pytest

from lensflow.errors import ConfigError
from lensflow.workflow.recipes import RECIPE_FOLDER
from lensflow.workflow.yaml_files import check_yaml, check_yaml_files, read_yaml


@pytest.fixture
def write(tmp_path):
    def write(text, name="config.yaml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.mark.parametrize("folder", [RECIPE_FOLDER, RECIPE_FOLDER.parents[1]])
def test_the_files_of_this_project_are_right(folder):
    check_yaml_files(folder.glob("*.yaml"))


def test_what_is_read_is_what_stands_there(write):
    path = write("a: &x {b: 1}\nc: {<<: *x, d: [*x, 2.5]}\n")
    assert read_yaml(path) == {"a": {"b": 1}, "c": {"b": 1, "d": [{"b": 1}, 2.5]}}


@pytest.mark.parametrize(
    ("text", "line", "first", "key"),
    [
        ("run: [demo]\nseed: 1\nrun: [real]\n", 3, 1, "run"),
        ("experiments:\n  demo:\n    runs: 3\n    scales: [log]\n    runs: 4\n", 5, 3, "runs"),
        ("a: [{b: 1}, {c: 1, c: 2}]\n", 1, 1, "c"),
        ("a: {1: x, 2: y,\n  1: z}\n", 2, 1, "1"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  <<: *x\n", 4, 3, "<<"),
    ],
)
def test_a_key_that_stands_twice_is_named_with_its_lines(write, text, line, first, key):
    path = write(text)
    with pytest.raises(ConfigError) as raised:
        check_yaml(path)
    expected = f"{path}, line {line}: the key '{key}' stands twice, first in line {first}"
    assert expected in str(raised.value)


def test_every_key_that_stands_twice_is_named_once(write):
    path = write("a: &x {b: 1, b: 2}\nc: *x\nd: *x\na: 3\n")
    with pytest.raises(ConfigError) as raised:
        check_yaml(path)
    assert str(raised.value).count("stands twice") == 2


def test_a_merged_key_may_be_set_anew(write):
    check_yaml(write("a: &x {b: 1}\nc: {<<: *x, b: 2}\nd: *x\n"))


def test_a_number_and_the_same_text_are_two_keys(write):
    check_yaml(write("a: {1: x, '1': y}\n"))


def test_a_mapping_that_holds_itself_is_walked_once(write):
    check_yaml(write("a: &x\n  b: *x\n"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("run: [demo\nseed: 1\n", 2),
        ("a:\n\tb: 1\n", 2),
        ("a: 1\n  b: 2\n", 2),
        ("a: *missing\n", 1),
        ("a: 1\n---\nb: 1\n", 2),
    ],
)
def test_broken_yaml_is_named_with_its_line_in_one_sentence(write, text, line):
    path = write(text)
    with pytest.raises(ConfigError, match="this is not YAML: ") as raised:
        check_yaml(path)
    assert f"{path}, line {line}, column" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "- a\n", "demo\n"])
def test_a_file_without_keys_is_refused(write, text):
    with pytest.raises(ConfigError, match="holds no keys"):
        check_yaml(write(text))


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"a: \xff\n")
    (tmp_path / "b.yaml").write_bytes(b"a: \x00\n")
    for name in ("a.yaml", "b.yaml"):
        with pytest.raises(ConfigError, match=f"{name} is not text in UTF-8"):
            check_yaml(tmp_path / name)


def test_json_and_files_that_are_not_there_are_left_to_snakemake(write, tmp_path):
    check_yaml_files([write('{"a": 1,\n\t"a": 2}', "config.json"), tmp_path / "absent.yaml"])
    with pytest.raises(ConfigError, match="stands twice"):
        check_yaml_files([tmp_path / "absent.yaml", str(write("a: 1\na: 2\n"))])


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: &x\n  b: *x\n", "a part that holds itself"),
        (
            "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + "".join(
                f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 10)}]\n"
                for n in range(8)
            ),
            "holds more than 100000 values",
        ),
        ("a: 2020-13-45\n", "not what it looks like"),
        ("a: !!python/object:os.system x\n", "line 1, column 4: this is not YAML"),
        ("? [a]\n: b\n", "this is not YAML"),
        ("a: " + "[" * 3000, "nested too deeply"),
    ],
)
def test_values_that_cannot_be_made_or_never_end_are_refused(write, text, part):
    with pytest.raises(ConfigError, match=r"config\.yaml") as raised:
        check_yaml_files([write(text)])
    assert part in str(raised.value)
