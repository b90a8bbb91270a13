"""New rows in a CSV file are read as the training file is, and rows in Arrow files and compressed files, too."""

import gzip

import pyarrow
import pytest
import torch
from pyarrow import ipc

from hookline.errors import DataError
from hookline_data.new_rows import csv_rows

LINES = ["Titre", "x;n;'y;t'", "# début", *(f"{row},5;{row};'été;{row % 2}'" for row in range(40)), "Total;;"]
OPTIONS = {
    "delimiter": ";",
    "quote_char": "'",
    "decimal_point": ",",
    "encoding": "cp1252",
    "comment": "#",
    "skip_rows": 1,
    "skipfooter": 1,
}


def write(path, lines, encoding="cp1252"):
    path.write_bytes("\r\n".join([*lines, ""]).encode(encoding))
    return path


@pytest.mark.parametrize("block", [64, 2**20])
def test_new_rows_are_read_in_the_dialect_of_the_training_file(reader, tmp_path, monkeypatch, block):
    monkeypatch.setattr(csv_rows, "BLOCK", block)
    path = write(tmp_path / "train.csv", LINES)
    read = reader({"type": "CSV", "path": path, "targets": "y;t", "shuffle": False, **OPTIONS}, loss="CrossEntropyLoss")
    (tmp_path / "new.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    for name in ("train.csv", "new.csv.gz"):
        blocks = list(read(tmp_path / name, with_targets=True))
        assert torch.equal(torch.cat([block.batch.input for block in blocks]), read.training.input)
        assert torch.equal(torch.cat([block.batch.target for block in blocks]), read.training.target)
    assert read.training.input[:2].tolist() == [[0.5, 0], [1.5, 1]]
    wrong = [*LINES[:4], "1.5;2;'été;1'", "3,25;x;'été;0'", "4,5;4;'é;2'", "5,5;5", *LINES[-1:]]
    blocks = list(read(write(tmp_path / "wrong.csv", wrong), with_targets=True))
    assert [error.message for block in blocks for error in block.problems] == [
        '"1.5" is not a number. The decimal sign is ",", according to `decimal_point`.',
        '"x" is not a number.',
        'The class "é;2" does not occur in the training split.',
        "row 5: It has 2 cells, but the header has 3.",
    ]


def test_errors_of_the_training_file_name_rows_and_columns_in_its_dialect(reader, tmp_path):
    for cells, message in (
        ("1.5;2;'été;1'", 'row 41, column "x": "1.5" is not a number. The decimal sign is ",", according to'),
        ("1,5;;'été;1'", 'row 41, column "n": The cell is empty.'),
        ("1,5;2", "row 41: It has 2 cells, but the header has 3."),
        ("1,5;2;'été\r\n1", 'row 41, column "y;t": The opening quote of this cell is not closed.'),
    ):
        path = write(tmp_path / "train.csv", [*LINES[:-1], cells, LINES[-1]])
        with pytest.raises(DataError) as caught:
            reader({"type": "CSV", "path": path, "targets": "y;t", **OPTIONS}, loss="CrossEntropyLoss")
        assert str(caught.value).startswith(f"{path}: {message}")
    path = write(tmp_path / "train.csv", [*LINES[:2], LINES[-1]])
    with pytest.raises(DataError, match=r"The file has a header but no rows\.$"):
        reader({"type": "CSV", "path": path, "targets": "y;t", **OPTIONS}, loss="CrossEntropyLoss")


def test_new_rows_without_a_header(reader, tmp_path):
    (tmp_path / "train.csv").write_text("1,2,u\n3,4,v\n")
    read = reader(
        {"type": "CSV", "path": tmp_path / "train.csv", "targets": "f2", "header": False}, loss="CrossEntropyLoss"
    )
    (tmp_path / "new.csv").write_text("\ufeff5,6,v\n7,x,u\n8,9\n")
    [block] = read(tmp_path / "new.csv")
    assert block.batch.input.tolist() == [[5, 6]]
    assert [error.message for error in block.problems] == [
        '"x" is not a number.',
        "row 3: It has 2 cells, but the first row has 3.",
    ]


@pytest.mark.parametrize("make", [ipc.new_file, ipc.new_stream])
def test_new_rows_in_an_arrow_file(reader, tmp_path, make):
    table = pyarrow.table({"b": [1, None, 3], "a": [0.5, 1.5, 2.5], "id": ["u", "v", "w"]})
    (tmp_path / "train.csv").write_text("a,b,y\n1,2,0\n3,4,1\n")
    read = reader({"type": "CSV", "path": tmp_path / "train.csv", "targets": "y"})
    with make(str(tmp_path / "new.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    [block] = read(tmp_path / "new.arrow", keep=["id"])
    assert block.batch.input.tolist() == [[0.5, 1], [2.5, 3]]
    assert [(error.row, error.message) for error in block.problems] == [(2, "The cell is empty.")]
    assert block.kept["id"].to_pylist() == ["u", "v", "w"]


def test_nested_lists_of_new_rows_are_images(reader, tmp_path):
    (tmp_path / "train.jsonl").write_text('{"i": [[1, 2], [3, 4]], "y": 0}\n{"i": [[5, 6], [7, 8]], "y": 1}\n')
    options = {"type": "JSONLines", "path": tmp_path / "train.jsonl", "targets": "y", "shape": [1, 2, 2]}
    read = reader({**options, "shuffle": False})
    assert read.training.input.tolist() == [[[[1, 2], [3, 4]]], [[[5, 6], [7, 8]]]]
    [block] = read([{"i": [[9, 8], [7, 6]]}, {"i": [[1, 2], [3]]}, {"i": [[1, 2]]}])
    assert block.batch.input.tolist() == [[[[9, 8], [7, 6]]]]
    assert [error.message for error in block.problems] == [
        "Its inner lists have different sizes.",
        "It has 2 numbers, but must have 4.",
    ]
