"""JSON lines are read block by block."""

import pytest

from hookline.errors import DataError
from hookline_data.new_rows import json_rows


@pytest.fixture
def read_json(tmp_path, reader):
    (tmp_path / "train.csv").write_text("a,b,y\n1,2,0\n3,4,1\n")
    read = reader({"type": "CSV", "path": tmp_path / "train.csv", "targets": "y"})

    def read_json(text, **options):
        (tmp_path / "new.jsonl").write_text(text)
        return read(tmp_path / "new.jsonl", **options)

    return read_json


@pytest.fixture(params=[10, 40, 2**20])
def small_blocks(monkeypatch, request):
    """Read a few bytes at once, so that blocks end anywhere."""
    monkeypatch.setattr(json_rows, "BLOCK", request.param)


def test_lines_that_are_no_objects_are_problems(read_json, small_blocks):
    text = '{"b": 2, "a": 1}\n\n{"a": 3}\n{"a": "4", "b": true}\n[5]\n{"a": 6,\n{"a": 7, "b": "x"}\n{"b": 9, "a": 8.5}'
    blocks = read_json(text, rows_per_block=3)
    assert [(error.row, error.message) for block in blocks for error in block.problems] == [
        (2, "The cell is empty."),
        (4, "row 4: This line is not a JSON object."),
        (5, "row 5: This line is not a JSON object."),
        (6, '"x" is not a number.'),
    ]
    assert [row for block in blocks if block.batch for row in block.batch.input.tolist()] == [[1, 2], [4, 1], [8.5, 9]]
    assert [block.rows for block in blocks] == [3, 3, 1]


def test_a_kept_column_has_one_type(read_json, small_blocks):
    blocks = read_json('{"a": 1, "b": 2, "id": 7}\n{"a": 1, "b": 2}\n{"a": 1, "b": 2, "id": 9}\n', keep=["id"])
    assert [str(block.kept["id"].type) for block in blocks] == ["int64"]
    assert [cell for block in blocks for cell in block.kept["id"].to_pylist()] == [7, None, 9]


def test_a_file_without_objects_is_an_error(read_json):
    with pytest.raises(DataError, match=r"new.jsonl: The file is empty"):
        read_json("\n")
    with pytest.raises(DataError, match=r"new.jsonl: This is not a file of JSON lines"):
        read_json("a,b\n1,2\n")
    with pytest.raises(DataError, match=r'There is no column "b"'):
        read_json('{"a": 1}\n')
