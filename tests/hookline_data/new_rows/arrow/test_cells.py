"""Lists, missing cells and other types in columns of Arrow."""

import json
from decimal import Decimal

import numpy
import pyarrow
import pytest
import torch
from pyarrow import parquet

from hookline.data import Numbers
from hookline.errors import DataError

SEQUENCES = [[1, 2, 3], [4], [5, 6]]
STEPS = [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0]], [[7.5, 8.0]]]
VECTORS = [[1.0, 2.0], [3.0, -4.5], [5.0, 6.0]]


@pytest.fixture
def read(tmp_path, reader):
    """Return a function that trains with a Parquet file of these columns, and one that reads new rows."""

    def read(columns, loss="MSELoss", **options):
        rows = len(next(iter(columns.values())))
        parquet.write_table(pyarrow.table({"y": [0.0, 1.0, 2.0][:rows], **columns}), tmp_path / "train.parquet")
        data = {"type": "Parquet", "path": tmp_path / "train.parquet", "targets": "y", "shuffle": False}
        return reader({**data, **options}, loss=loss)

    return read


def forms(columns, directory):
    """Yield the same rows in each form that has lists."""
    table = pyarrow.table(columns)
    parquet.write_table(table, directory / "new.parquet", row_group_size=1)
    yield directory / "new.parquet"
    yield table
    yield columns
    yield table.to_pylist()
    lines = [json.dumps(row) for row in table.to_pylist()]
    (directory / "new.jsonl").write_text("\n".join(lines))
    yield directory / "new.jsonl"


def problems_of(blocks):
    return [(error.row, *error.columns, error.element, error.message) for block in blocks for error in block.problems]


@pytest.mark.parametrize("cells", [SEQUENCES, STEPS])
@pytest.mark.parametrize("options", [{}, {"standardize": True}, {"dtype": "int64"}])
def test_sequences_are_padded_as_in_training(read, tmp_path, cells, options):
    number = pyarrow.int32() if "dtype" in options or cells is SEQUENCES else pyarrow.float64()
    kind = pyarrow.list_(number if cells is SEQUENCES else pyarrow.list_(number, 2))
    if "dtype" in options:
        cells = json.loads(json.dumps(cells).replace(".0", "").replace(".5", ""))
    rows = read({"x": pyarrow.array(cells, kind)}, **options)
    for source in forms({"x": cells}, tmp_path):
        [block] = rows(source)
        assert torch.equal(block.batch.input, rows.training.input)
        assert block.batch.input.dtype == rows.training.input.dtype
        assert torch.equal(block.batch.lengths["input"], rows.training.lengths["input"])
        # A row has the same padding in a block of its own, and more than in training if it is longer.
        assert torch.equal(rows(source, rows_per_block=1)[1].batch.input, rows.training.input[1:2])
    [block] = rows({"x": [cells[1] * 5]})
    assert block.batch.input.shape[1] == block.batch.lengths["input"].item() == 5


def test_lists_of_one_size_are_columns(read, tmp_path):
    columns = {"x": pyarrow.array(VECTORS, pyarrow.list_(pyarrow.float32(), 2)), "z": [1, 2, 3]}
    for shape in (None, [3, 1]):
        rows = read(columns, standardize=True, **({} if shape is None else {"shape": shape}))
        for source in (*forms({"z": [1, 2, 3], "x": VECTORS}, tmp_path), {"x": numpy.array(VECTORS), "z": [1, 2, 3]}):
            [block] = rows(source)
            assert torch.equal(block.batch.input, rows.training.input)
    with pytest.raises(DataError, match='A row of the inputs "input" has 4 numbers, but in training'):
        rows({"x": [[1, 2, 3]], "z": [1]})


def test_wrong_elements_of_lists_are_problems(read, tmp_path):
    rows = read({"x": pyarrow.array(VECTORS, pyarrow.list_(pyarrow.float32(), 2))})
    bad = [None, [1], [1, 2, 3], [1, None], [float("nan"), 1], [3, 4], []]
    expected = [
        (1, "x", None, "The cell is empty."),
        (2, "x", None, "It has 1 numbers, but must have 2."),
        (3, "x", None, "It has 3 numbers, but must have 2."),
        (4, "x", 2, "It is missing."),
        (5, "x", 1, "nan is not a finite float32."),
        (7, "x", None, "It has 0 numbers, but must have 2."),
    ]
    [block] = rows({"x": bad})
    assert problems_of([block]) == expected
    assert block.batch.input.tolist() == [[3, 4]]


def test_wrong_elements_of_sequences_are_problems(read):
    rows = read({"x": pyarrow.array(SEQUENCES, pyarrow.list_(pyarrow.int64()))}, dtype="int64")
    [block] = rows({"x": [None, [], [1, None, 3], [7], [2**63, 1]]})
    assert problems_of([block]) == [
        (1, "x", None, "The cell is empty."),
        (2, "x", None, "The list is empty."),
        (3, "x", 2, "It is missing."),
        (5, "x", 1, '"9223372036854775808" is too large for int64.'),
    ]
    assert block.batch.input.tolist() == [[7, 0, 0]]
    assert block.batch.lengths["input"].tolist() == [1]
    [block] = rows([{"x": [1, 2]}, {"x": [1, "two"]}, {"x": 3}])
    assert [row for row, *_ in problems_of([block])] == [2, 3]
    assert block.batch.input.tolist() == [[1, 2, 0]]


def test_a_csv_file_cannot_have_lists(read, tmp_path):
    rows = read({"x": pyarrow.array(SEQUENCES, pyarrow.list_(pyarrow.int64()))})
    (tmp_path / "new.csv").write_text("x\n1\n")
    with pytest.raises(DataError, match='"x" holds lists, which a CSV file cannot'):
        rows(tmp_path / "new.csv")


def test_each_type_of_numbers(read):
    rows = read({"x": [1.5, 2.0, 3.0]})
    kinds = {
        pyarrow.int8(): 3,
        pyarrow.uint64(): 3,
        pyarrow.float16(): numpy.float16(0.5),
        pyarrow.float32(): 0.1,
        pyarrow.bool_(): True,
        pyarrow.decimal128(5, 2): Decimal("1.25"),
        pyarrow.large_string(): "0.1",
        pyarrow.string_view(): "True",
    }
    for kind, cell in kinds.items():
        [block] = rows({"x": pyarrow.array([cell, None, cell], kind)})
        assert problems_of([block]) == [(2, "x", None, "The cell is empty.")]
        value = cell == "True" or float(numpy.float32(cell))
        assert block.batch.input.tolist() == [[value], [value]]
    [block] = rows({"x": [None, None]})
    assert block.batch is None
    assert block.unreadable == 2
    with pytest.raises(
        DataError, match=r'column "x": The cells have the type date32\[day\], but the model needs numbers'
    ):
        rows({"x": pyarrow.array([1], pyarrow.date32())})


def test_whole_floats_are_integers(read):
    rows = read({"x": [1, 2, 3]}, dtype="int64")
    [block] = rows({"x": [4.0, None, 1.5, float("inf"), 2.0]})
    assert [message for *_, message in problems_of([block])] == [
        "The cell is empty.",
        "1.5 is not an integer.",
        "inf is not an integer.",
    ]
    assert block.batch.input.tolist() == [[4], [2]]


CLASSES = [
    ([0, 1, 0], [1, "0", True, 1.0, "1.0", " 0 ", "01", 2, None], [1, 0, 1, 1, 1, 0], {7: "01", 8: "2"}),
    (["False", "True", "False"], [True, False, "True", "true"], [1, 0, 1], {4: "true"}),
    (["1", "x", "1"], [1, "x", "1", 2], [0, 1, 0], {4: "2"}),
]


@pytest.mark.parametrize(("known", "cells", "indices", "unseen"), CLASSES)
def test_classes_are_found_whatever_their_type(read, known, cells, indices, unseen):
    rows = read({"x": [1, 2, 3], "y": known}, loss="CrossEntropyLoss")
    blocks = [rows({"x": [1], "y": [cell]}, with_targets=True)[0] for cell in cells]
    assert [block.batch.target.item() for block in blocks if block.batch] == indices
    for number, cell in unseen.items():
        [problem] = blocks[number - 1].problems
        assert problem.message == f'The class "{cell}" does not occur in the training split.'
    assert sum(not block.batch for block in blocks) == len(cells) - len(indices)


def test_targets_that_the_loss_does_not_take_are_problems(read):
    rows = read({"x": [1, 2, 3]}, loss={"type": "PoissonNLLLoss"})
    rows_of_targets = [1.0, -1.0, float("inf"), None, 3.0, -2.0]
    [block] = rows({"x": [1.0] * 6, "y": rows_of_targets}, with_targets=True)
    assert [row for row, *_ in problems_of([block])] == [2, 3, 4, 6]
    assert problems_of([block])[0][1:] == (
        "y",
        None,
        "It is -1, but PoissonNLLLoss needs numbers of at least 0.",
    )
    assert block.batch.target.tolist() == [[1], [3]]


def test_tables_that_cannot_be_read_are_errors(read):
    rows = read({"x": [1, 2, 3]})
    with pytest.raises(DataError, match='the Table: Two columns are named "x"'):
        rows(pyarrow.table([[1], [2]], names=["x", "x"]))
    with pytest.raises(DataError, match="There are no rows"):
        rows(pyarrow.table({"x": pyarrow.array([], pyarrow.int64())}))
    with pytest.raises(DataError, match='The column "x" must be a list or an array, not int'):
        rows({"x": 3})


def test_dictionaries_and_views_are_plain_columns(read):
    rows = read({"x": [1, 2, 3], "y": ["a", "b", "a"]}, loss="CrossEntropyLoss")
    indices = pyarrow.array([0, None, 1], pyarrow.uint32())
    for kind in (pyarrow.string(), pyarrow.large_string(), pyarrow.string_view()):
        names = pyarrow.DictionaryArray.from_arrays(indices, pyarrow.array(["b", "a"], kind))
        [block] = rows({"x": [1, 2, 3], "y": names}, with_targets=True, keep=["y"])
        assert block.batch.target.tolist() == [1, 0]
        assert problems_of([block]) == [(2, "y", None, "The cell is empty.")]
        assert block.kept["y"].to_pylist() == ["b", None, "a"]


def test_rows_whose_targets_are_all_wrong_are_found_in_one_pass(read, monkeypatch):
    rows = read({"x": [1, 2, 3]}, loss={"type": "PoissonNLLLoss"})
    calls, apply = [], Numbers.apply
    monkeypatch.setattr(Numbers, "apply", lambda *arguments: calls.append(None) or apply(*arguments))
    table = {"x": [1.0] * 1000, "y": [-1.0] * 1000}
    [block] = rows(table, with_targets=True, rows_per_block=1000)
    assert (block.unreadable, block.batch, len(calls)) == (1000, None, 1)


def test_a_wrong_target_is_reported_in_its_column(read):
    rows = read(
        {"x": [1, 2, 3], "y": [0, 1, 0], "z": [1, 0, 0]}, loss={"type": "BCEWithLogitsLoss"}, targets=["y", "z"]
    )
    [block] = rows({"x": [1.0] * 3, "y": [0, 1, 7], "z": [0, 8, 9]}, with_targets=True)
    assert problems_of([block]) == [
        (2, "z", None, "It is 8, but BCEWithLogitsLoss needs numbers from 0 to 1."),
        (3, "y", None, "It is 7, but BCEWithLogitsLoss needs numbers from 0 to 1."),
    ]
    assert block.batch.target.tolist() == [[0, 0]]
