"""What bad files get from `hookline new spec`: the file, the row, the column, and what to do."""

import gzip
import json
from datetime import time, timedelta
from pathlib import Path

import pyarrow
import pytest
from exhaustive import sampled
from pyarrow import parquet

HEADER = "width,count,color,y"
ROWS = [
    f"{index * index % 17}.5,{index % 5},{('red', 'blue', 'grün')[index % 3]},{'ab'[index % 7 > 2]}"
    for index in range(60)
]
LINES = [HEADER, *ROWS]


def text(lines):
    return "".join(f"{line}\n" for line in lines)


def with_lines(place, *more):
    return text([*LINES[:place], *more, *LINES[place:]])


OBJECTS = [{"width": index * 1.5, "y": "ab"[index % 2]} for index in range(30)]
REFUSED = {
    "empty": ("", "t.csv: The file is empty."),
    "blank": ("\n \n\n", "t.csv: The file is empty."),
    "header only": (HEADER, "t.csv: The file has a header but no rows."),
    "one row": (text(LINES[:2]), '"y" cannot be the target: 1 row is too few to learn from and to test.'),
    "one column": ("y\na\nb\na\n", "t.csv: There is only one column; a target and an input are needed."),
    "fixed width": (
        text("   ".join(line.split(",")) for line in LINES),
        "Its cells seem to be separated by spaces: convert it, such as with `pandas.read_fwf`.",
    ),
    "name twice": (
        text(LINES).replace("count", "width", 1),
        't.csv: Two columns are named "width". Rename one of them',
    ),
    "short row": (with_lines(20, "1.5,2"), "t.csv: row 20: It has 2 cells, but the header has 4."),
    "long row": (with_lines(20, "1.5,2,red,a,b"), "t.csv: row 20: It has 5 cells, but the header has 4."),
    "late short row": (
        text([*LINES, *ROWS * 50, "1.5", *ROWS]),
        "t.csv: row 3061: It has 1 cell, but the header has 4.",
    ),
    "open quote": (
        with_lines(20, '1.5,2,"red,a'),
        't.csv: row 20, column "color": This cell has 42 lines, and each of them',
    ),
    "open quote in the last row": (
        text([*LINES, '1.5,2,"red,a']),
        't.csv: row 61, column "color": The opening quote of this cell is not closed.',
    ),
    "two open quotes": (
        with_lines(20, '1.5,2,"red,a', '1.5,2,blue",b'),
        't.csv: row 20, column "color": This cell has 2 lines, and each of them looks like a row: a quote is wrong or '
        "missing.",
    ),
    "NUL": (with_lines(20, "1.5,2,re\0d,a"), "t.csv: row 20: It contains a NUL character. The file is damaged."),
    "binary": (b"\x01\x02\0\0\0\x07abc" * 9, "t.csv: This is not text: it contains NUL characters."),
    "truncated gzip": (gzip.compress(text(LINES).encode())[:-20], "t.csv: The file is damaged: it is truncated."),
    "truncated Parquet": (b"PAR1 and so on", "t.csv: This is not a Parquet file. It does not end with PAR1."),
    "Excel": (
        b"PK\x03\x04" + bytes(22) + b"\x13\0\0\0[Content_Types].xml",
        "t.csv: This is an Excel file. Save the sheet as CSV, or convert it in Python",
    ),
    "HTML": ("<!DOCTYPE html>\n<html></html>\n", "t.csv: This is an HTML file. It may be an error page"),
    "JSON array": (json.dumps(OBJECTS), "t.csv: This is JSON, not a table. Write an object per line (JSON Lines)."),
    "JSON of several lines": (json.dumps(OBJECTS, indent=1), "t.csv: This is JSON, not a table."),
    "JSON lines with a bad one": (
        text([*map(json.dumps, OBJECTS[:9]), "{bad", *map(json.dumps, OBJECTS)]),
        "t.csv: row 10: This line is not a JSON object.",
    ),
    "rows of two widths": (
        text([HEADER, *(f"{row},7" if index % 2 else row for index, row in enumerate(ROWS))]),
        "t.csv: row 2: It has 5 cells, but the header has 4.",
    ),
    "free text as the target": (
        text(["x,y", *(f"{index},the {index} th text" for index in range(30))]),
        '"y" cannot be the target: 30 of its 30 cells are different from one another, and classes would repeat.',
    ),
    "constant target": (text(f"{line[:-1]}y" for line in LINES), '"y" cannot be the target: all of its cells are "y".'),
    "missing target": (text([HEADER, *(row[:-1] for row in ROWS)]), '"y" cannot be the target: it is empty.'),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_is_no_table_is_reported(here, new_spec, case):
    content, problem = REFUSED[case]
    Path("t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    code, out, err = new_spec("t.csv", "--target", "y")
    assert (code, out) == (2, "")
    assert problem in err
    assert err.count("\n") == 1
    assert not Path("t.toml").exists()


READ = {
    "Latin-1": (text(LINES).encode("latin-1"), {"encoding": "latin-1"}),
    "byte order mark": (text(LINES).encode("utf-8-sig"), {}),
    "UTF-16": (text(LINES).encode("utf-16"), {"encoding": "utf-16"}),
    "UTF-16 without a mark": (text(LINES).encode("utf-16-be"), {"encoding": "utf-16-be"}),
    "semicolons": (text(LINES).replace(",", ";"), {"delimiter": ";"}),
    "tabs": (text(LINES).replace(",", "\t"), {"delimiter": "\t"}),
    "bars": (text(LINES).replace(",", "|"), {"delimiter": "|"}),
    "spaces": (text(LINES).replace(",", " "), {"delimiter": " "}),
    "decimal commas": (text(LINES).replace(",", ";").replace(".", ","), {"delimiter": ";", "decimal_point": ","}),
    "carriage returns": (text(LINES).replace("\n", "\r"), {}),
    "comments": (f"# by me, today\n{text(LINES)}", {"comment": "#"}),
    "a title": (f"Birds 2024\n\n{text(LINES)}", {"skip_rows": 2}),
    "single quotes": (text(",".join(f"'{cell}'" for cell in line.split(",")) for line in LINES), {"quote_char": "'"}),
    "row names of R": (
        text([HEADER, *(f'"{index}",{row}' for index, row in enumerate(ROWS, 1))]),
        {"names": ("row", "width", "count", "color", "y"), "header": True},
    ),
    "a delimiter at the end of each row": (
        text([HEADER, *(f"{row}," for row in ROWS)]),
        {"names": ("width", "count", "color", "y", "empty"), "header": True},
    ),
    "text of several lines": (
        text([HEADER, *(row.replace("red", '"red,\ndark\nor\nnot\nor\nso"') for row in ROWS)]),
        {"multiline": True},
    ),
    "spaces after commas": (text(LINES).replace(",", ", "), {}),
    "gzip": (gzip.compress(text(LINES).encode()), {}),
    "bzip2 in cp1252": (
        __import__("bz2").compress(text(LINES).replace("grün", "„x“").encode("cp1252")),
        {"encoding": "cp1252"},
    ),
}


SAMPLE = (
    "UTF-16 without a mark",
    "decimal commas",
    "a title",
    "single quotes",
    "row names of R",
    "gzip",
    "a delimiter at the end of each row",
)


@pytest.mark.parametrize("case", sampled(READ, SAMPLE))
def test_a_file_in_another_dialect_is_read_with_the_options_that_it_needs(here, drafted, case):
    content, options = READ[case]
    Path("t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    spec, out = drafted("t.csv", "--target", "y")
    assert {name: getattr(spec.data, name) for name in options} == options
    assert "(2 classes) from 3 columns.\n" in out


def test_columns_that_say_nothing_are_left_out(here, drafted):
    rows = [f"{row},,7,{'x' if index else ''}" for index, row in enumerate(ROWS)]
    Path("t.csv").write_text(text([f"{HEADER},empty,same,almost", *rows]))
    _, out = drafted("t.csv", "--target", "y")
    assert out.splitlines()[1:-2] == [
        '  "empty" is not an input: it is empty',
        '  "same" is not an input: it is 7 in all rows',
    ]


def test_cells_of_several_lines_are_told(here, new_spec):
    Path("t.csv").write_text(READ["text of several lines"][0])
    assert new_spec("t.csv", "--target", "y")[1].splitlines()[1] == (
        '  t.csv: row 1, column "color" has several lines, so the spec has `multiline = true`. If a quote is wrong, '
        "correct the file."
    )


def test_an_unreadable_file_is_reported(here, new_spec, monkeypatch):
    Path("t.csv").write_text(text(LINES))
    opened = Path.open

    def refused(path, *args, **options):
        if path.name == "t.csv":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **options)

    monkeypatch.setattr(Path, "open", refused)
    message = "t.csv: The file cannot be read: Permission denied.  [invalid-data]\n"
    assert new_spec("t.csv", "--target", "y") == (2, "", message)


def test_a_parquet_file_without_rows_is_reported(here, new_spec):
    parquet.write_table(pyarrow.table({"x": pyarrow.array([], "int64"), "y": pyarrow.array([], "string")}), "t.parquet")
    assert new_spec("t.parquet", "--target", "y") == (2, "", "t.parquet: The file has no rows.  [invalid-data]\n")


def test_a_file_of_thousands_of_columns_is_read(here, new_spec):
    count = 3000
    rows = [",".join([*(str(row * index % 7) for index in range(count)), "ab"[row % 2]]) for row in range(12)]
    Path("t.csv").write_text(text([",".join([*(f"g{index}" for index in range(count)), "y"]), *rows]))
    code, out, _ = new_spec("t.csv", "--target", "y")
    assert code == 0
    assert 'It predicts the class "y" (2 classes) from 2,571 numeric columns.' in out
    assert len(Path("t.toml").read_text()) < 40_000


def test_durations_are_left_out_and_times_are_used(here, drafted):
    rows = range(40)
    table = {
        "x": pyarrow.array([row * row % 17 + 0.5 for row in rows]),
        "took": pyarrow.array([timedelta(seconds=row) for row in rows]),
        "at": pyarrow.array([time(1, row) for row in rows]),
        "y": pyarrow.array([row % 2 for row in rows]),
    }
    parquet.write_table(pyarrow.table(table), "t.parquet")
    spec, out = drafted("t.parquet", "--target", "y")
    assert spec.data.inputs == ("x", "at")
    assert '"took" is not an input: its cells have the type duration[us], which is not a date or time' in out
