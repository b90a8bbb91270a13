"""Lines below the rows of a CSV file."""

import gzip

import pytest

from hookline_data.dialect.dialect import Dialect
from hookline_data.dialect.footer import LOOKED_AT, footer_lines

ROWS = "a,b,c\n1,2,3\n4,5,6\n7,8,9\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (ROWS, 0),
        (f"{ROWS}Total: 3 rows\n", 1),
        (f"{ROWS}\n\nSource: a\nof 2020\n\n", 2),
        (f"{ROWS}1,2\n", 0),  # A row that is cut off.
        ("a,b\n1,2\n3,4\n5,6\n7\n", 0),
        (f"{ROWS}1.5\n", 0),
        ("a,b,c,d\n" + "red,blue,2,3\n" * 9 + "red,blue\n", 0),
        (f"{ROWS}x\nx\nx\nx\n", 0),  # More likely, the table is another one.
        ("a,b,c\n1,2,3\n4,5\n" + "7,8,9\n" * 9 + "x\n", 0),  # A row in the middle is wrong, too.
        ('a,b,c\n1,"2\n3",4\n4,5,6\n7,8,"9\n1,2,3\n', 0),  # An unclosed quote.
        ("a,b,c\n" + "10,20,30\n" * (LOOKED_AT // 8) + "the end\n", 1),
        ("a\n1\n2\n3\nthe end", 0),
        ("a,b\n1\n", 0),
        (f"A title\n# a, comment\n{ROWS}The end\n", 1),
    ],
)
def test_the_last_lines_with_fewer_cells_than_all_rows_are_a_footer(tmp_path, text, lines):
    path = tmp_path / "table.csv"
    path.write_text(text)
    assert footer_lines(path, Dialect(skip_rows=int(text.startswith("A title")), comment="#")) == lines


def test_the_dialect_counts(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes("a;b;c\n1,5;2;3\n2,5;3;4\nBürgeramt, Köln\n".encode("latin-1"))
    assert footer_lines(path, Dialect(delimiter=";", encoding="latin-1")) == 1
    path.write_bytes(gzip.compress(b"a,b\n1,2\n3,4\n5,6\nend\n"))
    assert footer_lines(path, Dialect()) == 0
