import pytest

from hookline.errors import DataError
from hookline_data.reading.csv.header import column_names


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("a,b\n", ["a", "b"]),
        ("<OPEN>,<HIGH>,<CLOSE>\n", ["<OPEN>", "<HIGH>", "<CLOSE>"]),
        ("[kg],{m}\n", ["[kg]", "{m}"]),
        ('"a, b",c\n', ["a, b", "c"]),
    ],
)
def test_a_header_may_have_names_in_brackets(tmp_path, header, names):
    path = tmp_path / "table.csv"
    path.write_text(header)
    assert column_names(path) == names


@pytest.mark.parametrize(
    "line",
    ['{"a": 1, "b": 2}', '[{"a": 1}, {"a": 2}]', "[1, 2]", "[[1, 2], [3, 4]]", "<!DOCTYPE html>", "{", "[", "a\0,b"],
)
def test_json_and_html_are_not_a_header(tmp_path, line):
    path = tmp_path / "table.csv"
    path.write_text(f"{line}\n")
    sentence = r"This is (not a table with column names in its first line|JSON, not a table\. .*\(JSON Lines\))\.$"
    with pytest.raises(DataError, match=sentence):
        column_names(path)
