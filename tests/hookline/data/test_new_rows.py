"""Blocks of arrays that are already prepared."""

import io

import numpy
import pytest
import torch

from hookline.data import DataDescription, blocks_of_arrays
from hookline.data.description import InputDescription
from hookline.errors import DataError


def description(**inputs):
    return DataDescription(inputs=inputs, preparation={}, targets={}, rows={})


NUMBERS = description(input=InputDescription(shape=(2,), dtype="float32"))
SEQUENCES = description(input=InputDescription(shape=(3,), dtype="int64", padded=True))


def test_blocks_are_copies_of_all_rows():
    rows = numpy.arange(10.0).reshape(5, 2)
    blocks = list(blocks_of_arrays({"input": rows, "other": 1}, NUMBERS, rows_per_block=2))
    assert [(block.first, block.rows, block.unreadable) for block in blocks] == [(1, 2, 0), (3, 2, 0), (5, 1, 0)]
    assert torch.cat([block.batch.input for block in blocks]).equal(torch.from_numpy(rows).float())
    blocks[0].batch.input.zero_()
    assert rows[0, 1] == 1


def test_rows_that_are_not_finite_are_left_out_and_reported():
    rows = numpy.zeros((5, 2))
    rows[1, 0], rows[4, 1] = numpy.nan, 1e300
    first, second = blocks_of_arrays({"input": rows}, NUMBERS, rows_per_block=4)
    assert first.is_readable.tolist() == [True, False, True, True]
    assert first.batch.rows == 3
    assert (second.batch, second.unreadable) == (None, 1)
    [problem] = second.problems
    assert (problem.row, problem.columns) == (5, ("input",))
    assert str(problem) == 'row 5, column "input": A number is not a finite float32.'


def test_lengths_that_are_impossible_are_reported():
    arrays = {"input": numpy.ones((4, 3), dtype="int64"), "input_lengths": [3, 0, 4, 1]}
    [block] = blocks_of_arrays(arrays, SEQUENCES, rows_per_block=4)
    assert block.is_readable.tolist() == [True, False, False, True]
    assert block.batch.lengths["input"].tolist() == [3, 1]
    assert [problem.row for problem in block.problems] == [2, 3]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, 'There is no array "input"'),
        ({"input": [["a", "b"]]}, '"input" is not an array of numbers'),
        ({"input": [[1, 2], [3]]}, '"input" is not an array of numbers'),
        ({"input": numpy.zeros((0, 2))}, "There are no rows"),
        ({"input": numpy.zeros((2, 3))}, "has the shape"),
    ],
)
def test_other_arrays_are_refused(arrays, message):
    with pytest.raises(DataError, match=message):
        list(blocks_of_arrays(arrays, NUMBERS, rows_per_block=2))


def test_a_damaged_file_is_refused(tmp_path):
    written = io.BytesIO()
    numpy.savez(written, input=numpy.arange(2000.0).reshape(-1, 2))
    content = bytearray(written.getvalue())
    content[5000] ^= 255
    (tmp_path / "new.npz").write_bytes(content)
    with pytest.raises(DataError, match="Pass a file in NPZ format"):
        list(blocks_of_arrays(tmp_path / "new.npz", NUMBERS, rows_per_block=2))
