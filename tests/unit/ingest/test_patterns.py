import pytest

from lensflow.errors import ConfigError
from lensflow.ingest.patterns import ANY_FITS, check_id_pattern, file_matcher, identifier


@pytest.mark.parametrize(
    "name", ["a.fits", "a.FITS", "a.fit", "a.fts", "a.fits.gz", "a.fits.fz", "a.b.Fits"]
)
def test_files_of_fits_by_their_names(name):
    assert ANY_FITS.fullmatch(name)
    assert identifier(None)("", name) in ("a", "a.b")


@pytest.mark.parametrize("name", ["fits", ".fits", "a.fits.txt", "afits", "a.csv"])
def test_files_of_other_names(name):
    assert not ANY_FITS.fullmatch(name)


@pytest.mark.parametrize(
    "pattern",
    [
        r"image-(\d+)",
        r"^imageEUC_VIS-(.+)\.fits$",
        r"^.*_(\d+)_.*\.fits(?:\.gz)?$",
        r"(?:[A-Z]++-)+(\d+)",
        r"^/?(.+)\.fits",
        r"(a{3})",
        r"(?P<id>x|y)",
    ],
)
def test_patterns_that_are_taken(pattern):
    assert check_id_pattern(pattern).search("A" * 255 + "!") is None  # and that soon


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(?:a|aa)+(b)",
        "((?:a*)*)b",
        "(.*)*",
        "(?:a?){50}(b)",
        ".*.*.*.*.*(x)",
        "(" + "a?" * 30 + ")",
        r"(?:\w+_?)*(\d)",
        "(" + "a" * 2000 + ")",
        "(?=(a+)+b)",
    ],
)
def test_patterns_that_may_search_for_ever(pattern):
    with pytest.raises(ConfigError, match=r"may search for ever|groups"):
        check_id_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(", "a", "(a)(b)", "(?P<x>a)(?P<x>b)", "[", "*"])
def test_patterns_that_are_malformed(pattern):
    with pytest.raises(ConfigError, match="id_pattern is "):
        check_id_pattern(pattern)


@pytest.mark.parametrize("pattern", ["a/**/b", "a//b", "a/", "**"])
def test_patterns_of_files_that_are_malformed(pattern):
    with pytest.raises(ConfigError, match="pattern is "):
        file_matcher(pattern)


def test_a_slash_takes_folders_into_the_id():
    assert identifier(r"^/?(.+)\.fits")("a/b/", "c.fits") == "a/b/c"
    assert identifier(r"^/?(.+)\.fits")("", "c.fits") == "c"
    assert identifier(r"^(.+)\.fits")("a/b/", "c.fits") == "c"
