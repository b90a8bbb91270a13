"""A check recognizes files of another format, encoding or dialect, and says what to set."""

import gzip
import io
import tomllib

import numpy
import pyarrow
import pytest
from pyarrow import ipc, parquet

from hookline.check.load import Loader
from hookline.check.toml.document import from_table
from hookline_columns.numbers import Number
from hookline_data.reading.csv.complaints import number_hint

ROWS = "\n".join(["size,weight,y", *(f"{row}.5,{row}.25,{'uv'[row % 2]}" for row in range(10)), ""])
TABLE = pyarrow.table({"size": [1.0, 2.0], "weight": [1.0, 2.0], "y": ["u", "v"]})


@pytest.fixture
def problems(tmp_path):
    def problems(content, name="t.csv", kind="CSV", **options):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        table = {
            "data": {"type": kind, "path": str(tmp_path / name), "targets": "y", **options},
            "model": {"type": "Linear", "out_features": 2},
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "SGD", "lr": 0.1},
        }
        return [str(problem) for problem in Loader().check(from_table(table))]

    return problems


def in_memory(write):
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


def arrow(stream):
    with ipc.new_file(stream, TABLE.schema) as writer:
        writer.write_table(TABLE)


def parquet_bytes(stream):
    parquet.write_table(TABLE, stream)


SEMICOLONS = ROWS.replace(",", ";")
MISTAKES = {
    SEMICOLONS: 'The cells are separated by semicolons, not commas. Set `delimiter = ";"`.',
    SEMICOLONS.replace(".", ","): 'Set `delimiter = ";"` and `decimal_point = ","`.',
    ROWS.replace(",", "\t"): 'The cells are separated by tabs, not commas. Set `delimiter = "\\t"`.',
    ROWS.replace(",", "|"): 'Set `delimiter = "|"`.',
    ROWS.encode("utf-16"): 'The text is in UTF-16. Set `encoding = "utf-16"`.',
    ROWS.encode("utf-16-be"): 'The text is in UTF-16-BE. Set `encoding = "utf-16-be"`.',
    ROWS.encode("utf-32"): 'The text is in UTF-32. Set `encoding = "utf-32"`.',
    ROWS.replace("u", "ü").encode("latin-1"): '(byte 24 is 0xFC). It may be `encoding = "latin-1"`.',
    ROWS.replace("u", "€").encode("cp1252"): '(byte 24 is 0x80). It may be `encoding = "cp1252"`.',
    ROWS.partition("\n")[2]: "The first line seems to be data: set `header = false`.",
    in_memory(parquet_bytes): 'This is a Parquet file. Set `type = "Parquet"`.',
    in_memory(arrow): 'This is an Arrow file. Set `type = "Arrow"`.',
    in_memory(lambda stream: numpy.savez(stream, x=[1])): 'This is an NPZ file. Set `type = "NPZ"`.',
    '{"size": 1, "y": "u"}\n{"size": 2, "y": "v"}\n': 'This is a JSONLines file. Set `type = "JSONLines"`.',
    b"PK\x03\x04" + bytes(22) + b"\x13\0\0\0[Content_Types].xml": "This is an Excel file. Save the sheet as CSV",
    "version https://git-lfs.github.com/spec/v1\noid sha256:1\n": "This is a Git LFS pointer file. `git lfs pull` fetches",
    "<!DOCTYPE html><html>": "This is an HTML file. It may be an error page",
    gzip.compress(ROWS.encode())[:40]: "The file is damaged: it is truncated.",
    gzip.compress(SEMICOLONS.encode()): 'Set `delimiter = ";"`.',
    'size,weight,y\n"1,5","2,5",u\n': 'If the comma is the decimal sign, set `decimal_point = ","`.',
    f"Birds of 2024\n\n{ROWS}": "The first 2 lines are above the table. Set `skip_rows = 2`.",
    f"# by me, and others\n{ROWS}": 'Lines that begin with "#" are comments. Set `comment = "#"`.',
    "\n".join(line if line.startswith("s") else f"r,{line}" for line in ROWS.splitlines()): (
        "row names, as R writes them, have no name. List the names of all columns: "
        '`names = ["row", "size", "weight", …]` and `header = true`.'
    ),
    "\n".join(line if line.startswith("s") else f"{line}," for line in ROWS.splitlines()): (
        "Each row has 4 cells, but the header has 3: a delimiter ends each row. List the names of all columns: "
        '`names = ["size", …, "empty"]` and `header = true`.'
    ),
    ROWS.replace("3.5,3.25,v", "3.5,v"): "row 4: It has 2 cells, but the header has 3.",
    ROWS.replace("3.5,3.25,v", "3.5,3.25,v,w"): "row 4: It has 4 cells, but the header has 3.",
    ROWS.replace("3.5,3.25,v", "3.5,3.25,v\0"): "row 4: It contains a NUL character. The file is damaged.",
    "size,weight,y\n": "The file has a header but no rows.",
    '[{"size": 1, "y": "u"}]': "This is JSON, not a table. Write an object per line (JSON Lines).",
    "\n \n": "The file is empty.",
    "size,size,y\n1,2,u\n": "or list names for all columns in `names`, with `header = true`.",
}


@pytest.mark.parametrize("content", MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_about_a_csv_file_is_reported_with_what_to_set(problems, content):
    found = problems(content)
    assert len(found) == 1 or "header" in found[0]
    assert MISTAKES[content] in found[0]


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        gzip.compress(ROWS.encode()),
        ROWS.replace("size", "a;b;c"),
        '"a;b",c,y\n1,2,u\n',
        ROWS.replace("size", "#1"),
        f"\n{ROWS}\n\n",
        ROWS.replace("u", "u\u2028w\x0bx"),
        ROWS.replace("u", '"u\nw"').replace("\n", "\r\n"),
    ],
    ids=[
        "plain",
        "gzip",
        "semicolons in a name",
        "quoted name",
        "a name with #",
        "blank lines",
        "separators",
        "line breaks",
    ],
)
def test_a_good_file_is_not_suspected(problems, content):
    assert problems(content) == []


def test_a_file_that_another_source_reads_is_named(problems):
    assert 'Set `type = "Parquet"`.' in problems(in_memory(parquet_bytes), kind="Arrow")[0]
    assert 'Set `type = "Arrow"`.' in problems(in_memory(arrow), kind="JSONLines")[0]
    assert 'If it is a table, set `type = "CSV"`.' in problems(ROWS, kind="Parquet")[0]
    assert problems("", kind="Parquet")[0].endswith("The file is empty.")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": ";;"}, "data.delimiter: This must be one ASCII character, but it is ';;'."),
        ({"delimiter": ""}, "data.delimiter: This must be one ASCII character, but it is ''."),
        ({"quote_char": ","}, "data.quote_char: The quote cannot be the delimiter."),
        ({"decimal_point": "e"}, "data.decimal_point: This cannot be a character of a number."),
        ({"comment": ""}, "data.comment: This must be the beginning of a line"),
        ({"encoding": "latin1l"}, "data.encoding: Python knows no such encoding of text."),
        ({"encoding": "base64"}, "data.encoding: Python knows no such encoding of text."),
        ({"names": ["a", "y", "a"]}, 'data.names[2]: Two columns are named "a".'),
        ({"path": []}, "data.path: There must be at least one file."),
    ],
)
def test_impossible_options_are_reported(problems, options, message):
    assert problems(ROWS, **options)[0].startswith(message)


@pytest.mark.parametrize(
    ("cell", "number"), [("12%", 12.0), ("€ 1.5", 1.5), ("-1,200", -1200.0), ("$1,234,567.50", 1234567.5)]
)
def test_the_kind_for_a_number_with_signs_reads_it(cell, number):
    options = tomllib.loads(f"kind = {number_hint(cell, '.').partition(': ')[2].rstrip('.')}")["kind"]
    assert options.pop("type") == "Number"
    parsed, unfit = Number(**options).parse(pyarrow.array([cell]))
    assert (parsed.to_pylist(), unfit) == ([number], None)


@pytest.mark.parametrize("cell", ["1st", "%", "5 kg", "a", "1,20"])
def test_other_text_is_not_taken_for_a_number_with_signs(cell):
    assert "kind" not in number_hint(cell, ".")
