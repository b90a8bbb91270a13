"""Parts of a CSV file."""

import random

import pytest

from hookline_data.dialect.dialect import Dialect
from hookline_data.new_rows import csv_rows
from hookline_data.new_rows.roles import Role
from hookline_data.reading.columns import Wanted
from hookline_data.streaming.parts.csv_parts import CSVParts
from hookline_data.streaming.parts.part import WHOLE

WANTED = {"a": Wanted("number"), "w": Wanted("text")}
WORDS = ["red", '"a, b"', '"two\nlines"', '"say ""hi"""', "é"]


def text_of(rows, end):
    chosen = random.Random(0)  # noqa: S311
    lines = [f"{row},{chosen.choice(WORDS)}" for row in range(rows)]
    lines.insert(20, "")
    return end.join(["a,w", *lines]) + chosen.choice(["", end])


@pytest.mark.parametrize("block", [16, 100, 10_000])
@pytest.mark.parametrize(("end", "begin"), [("\n", b""), ("\r\n", b""), ("\n", b"\xef\xbb\xbf")])
def test_each_part_can_be_read_alone(end, begin, block, tmp_path, monkeypatch):
    monkeypatch.setattr(csv_rows, "BLOCK", block)
    path = tmp_path / "table.csv"
    path.write_bytes(begin + text_of(60, end).encode())
    parts = CSVParts(path, Dialect(), multiline=True)
    read = list(parts.tables(WANTED))
    places = [place for place, _ in read]
    assert WHOLE not in places
    assert places[-1][1] == path.stat().st_size
    assert [begin for begin, _ in places[1:]] == [stop for _, stop in places[:-1]]
    assert [number for _, table in read for number in table["a"].to_pylist()] == list(range(60))
    roles = {name: Role(wanted=wanted) for name, wanted in WANTED.items()}
    for place, table in reversed(read):
        [chunk] = parts.chunks(place, roles)
        assert chunk.columns["a"].to_pylist() == table["a"].to_pylist()
        assert [text.strip() for text in chunk.columns["w"].to_pylist()] == table["w"].to_pylist()


def test_a_file_without_a_header_begins_with_its_first_row(tmp_path):
    (tmp_path / "table.csv").write_text("1,u\n2,v\n")
    parts = CSVParts(tmp_path / "table.csv", Dialect(header=False, names=("a", "w")), multiline=False)
    [(place, table)] = parts.tables(WANTED)
    assert (place, table["a"].to_pylist()) == ((0, 8), [1, 2])
