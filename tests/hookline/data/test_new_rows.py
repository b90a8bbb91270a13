"""Rows for a finished run that come as arrays, which are already prepared."""

import numpy
import pytest
import torch

from hookline.data import DataDescription, InputDescription, blocks_of_arrays
from hookline.data.array_blocks import PREPARED_ROWS
from hookline.errors import DataError

WORDS = InputDescription(shape=(5,), dtype="int64", padded=True)


def description(**inputs):
    inputs = inputs or {"input": InputDescription(shape=(2,), dtype="float32")}
    return DataDescription(inputs=inputs, preparation={}, targets={}, rows={"training": 3})


def blocks(source, *, rows_per_block=2, **inputs):
    return list(blocks_of_arrays(source, description(**inputs), rows_per_block=rows_per_block))


@pytest.mark.parametrize("is_file", [False, True])
def test_arrays_are_yielded_in_blocks_with_the_numbers_of_their_rows(is_file, tmp_path):
    rows = numpy.arange(6.0).reshape(3, 2)
    source = {"input": rows}
    if is_file:
        source = tmp_path / "rows.npz"
        numpy.savez(source, input=rows)
    found = blocks(source)
    assert [(block.first, block.rows, block.unreadable) for block in found] == [(1, 2, 0), (3, 1, 0)]
    assert torch.cat([block.batch.inputs["input"] for block in found]).equal(torch.tensor(rows, dtype=torch.float32))


def test_padded_sequences_may_have_another_number_of_steps_than_in_training():
    [block] = blocks({"words": numpy.ones((2, 3)), "words_lengths": [3, 1]}, words=WORDS)
    assert block.batch.inputs["words"].equal(torch.ones(2, 3, dtype=torch.int64))
    assert block.batch.lengths["words"].tolist() == [3, 1]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"inputs": numpy.ones((3, 2))}, 'There is no array "input". Did you mean "inputs"?'),
        ({"input": numpy.ones((3, 4))}, 'A row of "input" has the shape (4,), but in training (2,).'),
        ({"input": numpy.array(3.0)}, 'A row of "input" has the shape (), but in training (2,).'),
        ({"input": numpy.array([["a", "b"]])}, '"input" is not an array of numbers.'),
        ({"input": [[1.0, 2.0], [3.0]]}, '"input" is not an array of numbers.'),
        ({"input": None}, '"input" is not an array of numbers.'),
        ([{"input": [1.0, 2.0]}], f"{PREPARED_ROWS} This is of type list."),
    ],
)
def test_unusable_arrays_are_refused(source, message):
    with pytest.raises(DataError) as raised:
        blocks(source)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, 'There is no array "words_lengths" with the lengths of "words".'),
        ({"words_lengths": ["a", "b"]}, '"words_lengths" is not an array of numbers.'),
        (
            {"words_lengths": [3, 1, 1]},
            "The arrays must have the same number of rows: {'words': 2, 'words_lengths': 3}.",
        ),
    ],
)
def test_padded_sequences_need_their_lengths(arrays, message):
    with pytest.raises(DataError) as raised:
        blocks({"words": numpy.ones((2, 3)), **arrays}, words=WORDS)
    assert str(raised.value) == message


@pytest.mark.parametrize("content", [b"", b"PK\3\4 damaged", b"a,b\n1,2\n"])
def test_another_file_is_refused_with_its_format(content, tmp_path):
    (tmp_path / "rows.npz").write_bytes(content)
    with pytest.raises(DataError) as raised:
        blocks(tmp_path / "rows.npz")
    expected = f"{tmp_path}/rows.npz: The file cannot be read: it has another format. {PREPARED_ROWS}"
    assert str(raised.value) == expected


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(DataError) as raised:
        blocks(tmp_path / "rows.npz")
    assert str(raised.value) == f"{tmp_path}/rows.npz: There is no such file."


def test_a_damaged_file_is_refused(tmp_path):
    numpy.savez_compressed(tmp_path / "rows.npz", input=numpy.arange(2000.0).reshape(1000, 2))
    content = bytearray((tmp_path / "rows.npz").read_bytes())
    content[200:400] = bytes(200)
    (tmp_path / "rows.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"rows\.npz: The file cannot be read: "):
        blocks(tmp_path / "rows.npz")


def test_blocks_are_copies_of_all_rows():
    rows = numpy.arange(10.0).reshape(5, 2)
    blocks = list(blocks_of_arrays({"input": rows, "other": 1}, description(), rows_per_block=2))
    assert [(block.first, block.rows, block.unreadable) for block in blocks] == [(1, 2, 0), (3, 2, 0), (5, 1, 0)]
    assert torch.cat([block.batch.input for block in blocks]).equal(torch.from_numpy(rows).float())
    blocks[0].batch.input.zero_()
    assert rows[0, 1] == 1


def test_rows_that_are_not_finite_are_left_out_and_reported():
    rows = numpy.zeros((5, 2))
    rows[1, 0], rows[4, 1] = numpy.nan, 1e300
    first, second = blocks_of_arrays({"input": rows}, description(), rows_per_block=4)
    assert first.is_readable.tolist() == [True, False, True, True]
    assert first.batch.rows == 3
    assert (second.batch, second.unreadable) == (None, 1)
    [problem] = second.problems
    assert (problem.row, problem.columns) == (5, ("input",))
    assert str(problem) == 'row 5, column "input": A number is not a finite float32.'


def test_lengths_that_are_impossible_are_reported():
    arrays = {"input": numpy.ones((4, 3), dtype="int64"), "input_lengths": [3, 0, 4, 1]}
    [block] = blocks_of_arrays(
        arrays, description(input=InputDescription(shape=(3,), dtype="int64", padded=True)), rows_per_block=4
    )
    assert block.is_readable.tolist() == [True, False, False, True]
    assert block.batch.lengths["input"].tolist() == [3, 1]
    assert [problem.row for problem in block.problems] == [2, 3]


def test_arrays_without_rows_are_refused():
    with pytest.raises(DataError, match="There are no rows"):
        blocks({"input": numpy.zeros((0, 2))})


@pytest.mark.parametrize(
    ("dtype", "rows", "unreadable"),
    [
        ("int64", [[1.0, 2.0], [1.5, 2.0], [float("nan"), 1.0], [float("inf"), 1.0]], [2, 3, 4]),
        ("uint8", [[0, 255], [0, 256], [-1, 0]], [2, 3]),
        ("bool", [[0.0, 1.0], [0.5, 1.0], [2.0, 1.0]], [2, 3]),
        ("float32", [[1, 2], [3, 2**24 + 1]], []),
    ],
)
def test_rows_with_numbers_that_the_type_of_the_training_does_not_have_are_unreadable(dtype, rows, unreadable):
    given = numpy.array(rows)
    [block] = blocks({"input": given}, rows_per_block=9, input=InputDescription(shape=(2,), dtype=dtype))
    readable = [row for row in range(len(rows)) if row + 1 not in unreadable]
    assert block.batch.inputs["input"].equal(torch.tensor(given[readable]).to(getattr(torch, dtype)))
    assert [str(one) for one in block.problems] == [
        f'row {row}, column "input": A number is not a value of {dtype}.' for row in unreadable
    ]


def test_lengths_that_are_not_integers_are_unreadable():
    source = {"words": numpy.ones((3, 3)), "words_lengths": [3.0, 1.5, 2.0]}
    first, second = blocks(source, words=WORDS)
    assert [first.batch.lengths["words"].tolist(), second.batch.lengths["words"].tolist()] == [[3], [2]]
    assert list(map(str, first.problems)) == ['row 2, column "words_lengths": A number is not a value of int64.']
