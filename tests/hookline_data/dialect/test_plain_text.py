"""A file as plain text: the same whatever the size of the blocks in which it is read."""

import io

import pytest

from hookline_data.dialect import plain_text
from hookline_data.dialect.dialect import Dialect
from hookline_data.dialect.plain_text import plain

TEXT = "title\r\n# one\na,ü\n1,2\n#\n\n3,4 # five\n#six\n7,8\n\nTotal\nSource\n\n"


@pytest.mark.parametrize("block", [1, 2, 7, 2**20])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"comment": "#", "skip_rows": 1, "skipfooter": 2}, "a,ü\n1,2\n\n3,4 # five\n7,8"),
        ({"comment": "#"}, "title\r\na,ü\n1,2\n\n3,4 # five\n7,8\n\nTotal\nSource\n\n"),
        ({"skip_rows": 100}, ""),
        ({"skipfooter": 100}, ""),
        ({"skipfooter": 1}, TEXT[: TEXT.index("Source")]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_comments_titles_and_footers_are_left_out(monkeypatch, block, options, expected, encoding):
    monkeypatch.setattr(plain_text, "BLOCK", block)
    file = io.BytesIO(TEXT.encode(encoding))
    with plain(file, Dialect(encoding=encoding, **options), "text") as text:
        found = text.read().decode()
    assert found.rstrip("\n") == expected.rstrip("\n")
    assert file.closed


def test_a_plain_file_is_read_as_it_is(tmp_path):
    (tmp_path / "t.csv").write_text(TEXT)
    with (tmp_path / "t.csv").open("rb") as file:
        assert plain(file, Dialect(), "text") is file
