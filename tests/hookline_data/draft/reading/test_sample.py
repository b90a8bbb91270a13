"""Large tables are not read as a whole: their draft follows from rows of all parts."""

import gzip
import json
from pathlib import Path

import pyarrow
import pytest
from pyarrow import feather, parquet

from hookline_data.draft.reading import sample

ROWS = 3000


@pytest.fixture
def small(monkeypatch):
    """Limits that a small file exceeds."""
    monkeypatch.setattr(sample, "BLOCK", 2**10)
    monkeypatch.setattr(sample, "MOST_BYTES", 2**13)
    monkeypatch.setattr(sample, "MOST_ROWS", 400)
    monkeypatch.setattr(sample, "LEAST_ROWS", 400)


def rows():
    """Rows that are sorted by their class, and whose numbers have a gap and a new category in some places only."""
    for index in range(ROWS):
        yield {
            "id": index,
            "x": None if index == 1501 else index * 7 % 50 + 0.5,
            "city": f"c{index * 4 // ROWS}",
            "y": f"k{index * 3 // ROWS}",
        }


def written(name):
    table = pyarrow.Table.from_pylist(list(rows()))
    if name.endswith("parquet"):
        parquet.write_table(table, name, row_group_size=50)
    elif name.endswith("feather"):
        feather.write_feather(table, name, chunksize=50)
    elif name.endswith("jsonl"):
        Path(name).write_text("".join(f"{json.dumps(row)}\n" for row in rows()))
    else:
        lines = [
            "id,x,city,y",
            *(",".join("" if cell is None else str(cell) for cell in row.values()) for row in rows()),
        ]
        text = "".join(f"{line}\n" for line in lines)
        encoding = "utf-16" if "16" in name else "utf-8"
        Path(name).write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode(encoding))


@pytest.mark.parametrize("name", ["t.csv", "t16.csv", "t.csv.gz", "t.parquet", "t.feather", "t.jsonl"])
def test_a_draft_of_some_rows_checks_and_trains_on_all(here, small, drafted, name):
    written(name)
    spec, out = drafted(name, "--target", "y", "--out", "spec.toml")
    summary, looked_at, *notes, _, _ = out.splitlines()
    assert summary == 'Created spec.toml. It predicts the class "y" (3 classes) from 2 columns.'
    some, total = (int(word.replace(",", "")) for word in looked_at.split() if word[0].isdigit())
    assert 100 < some < 900
    assert abs(total - ROWS) < ROWS / 20
    assert notes == ['  "id" identifies rows: it is not an input, and predictions contain it.']
    # Other rows may have missing cells and other categories.
    assert spec.data.columns["*" if "*" in spec.data.columns else "x"].missing == "median"
    assert (spec.data.columns["city"].missing, spec.data.columns["city"].handle_unknown) == ("category", "ignore")


def test_a_row_that_cannot_be_read_is_reported_with_its_number_in_the_file(here, small, new_spec):
    written("t.csv")
    lines = Path("t.csv").read_text().splitlines()
    bad = ["1,2" if index % 3 == 0 else line for index, line in enumerate(lines) if index > 1000]
    Path("t.csv").write_text("\n".join([*lines[:1001], *bad]))
    assert new_spec("t.csv", "--target", "y") == (
        2,
        "",
        "t.csv: row 1002: It has 2 cells, but the header has 4.  [invalid-data]\n",
    )


def test_blocks_are_whole_lines_from_all_parts(here, small):
    Path("t.txt").write_text("".join(f"{index:05}\n" for index in range(20_000)))
    with sample.text_sample(Path("t.txt"), None) as (path, share):
        lines = [int(line) for line in path.read_text().splitlines()]
    assert lines == sorted(set(lines))
    assert lines[0] == 0
    assert lines[-1] > 17_000
    assert abs(share - len(lines) / 20_000) < 1e-9
    with sample.text_sample(Path("t.txt"), None, files=100) as (path, share):
        assert 0 < share < len(lines) / 20_000
    Path("t.txt").write_text("1\n2\n")
    with sample.text_sample(Path("t.txt"), None) as found:
        assert found == (Path("t.txt"), 1.0)
