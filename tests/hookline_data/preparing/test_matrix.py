"""Columns as a matrix, in blocks of rows."""

import numpy
import pyarrow
import pytest

from hookline_columns.dates import Date
from hookline_columns.encoders import OneHotEncoder
from hookline_columns.numbers import Log1p
from hookline_data.arrow_columns import distinct
from hookline_data.layout.kinds import FittedKind, Kind
from hookline_data.preparing import matrix
from hookline_data.preparing.matrix import Matrix, split_rows

COUNT = 100
NUMBERS = numpy.arange(COUNT) / 7
WORDS = [["red", "green", "blue"][index % 3] for index in range(COUNT)]
DAYS = (86_400e6 * (numpy.arange(COUNT) % 9)).tolist()
LISTS = numpy.arange(2 * COUNT, dtype="float32").reshape(COUNT, 2)


def fitted(kind, cells):
    return FittedKind.of(Kind("x", kind), "x", pyarrow.array(cells), "x.csv")


def made():
    """A matrix of a number, categories, a logarithm with a missing cell, lists and dates, in chunks of other sizes."""
    gaps = pyarrow.array(NUMBERS, mask=NUMBERS == 3)
    columns = [
        pyarrow.chunked_array([NUMBERS[:33], NUMBERS[33:]]),
        distinct.narrowed(distinct.encoded(pyarrow.chunked_array([WORDS[:50], WORDS[50:]]))),
        pyarrow.chunked_array([gaps[:10], gaps[10:]]),
        pyarrow.chunked_array([pyarrow.FixedSizeListArray.from_arrays(LISTS.reshape(-1), 2)]),
        distinct.encoded(pyarrow.chunked_array([DAYS])),
    ]
    kinds = [
        None,
        fitted(OneHotEncoder(), WORDS),
        fitted(Log1p(missing="drop"), NUMBERS),
        None,
        fitted(Date(parts=("month", "day"), standardize=False), DAYS),
    ]
    return Matrix(columns, kinds)


def expected():
    log = numpy.where(NUMBERS == 3, 0, numpy.log1p(NUMBERS))  # The row of a missing cell is dropped.
    hot = [[word == name for name in ("blue", "green", "red")] for word in WORDS]
    days = numpy.array([[1, 1 + index % 9] for index in range(COUNT)])
    return numpy.column_stack([NUMBERS, hot, log, LISTS, days]).astype(numpy.float64)


@pytest.fixture(autouse=True, params=["usual", "small"])
def _sizes(request, monkeypatch):
    if request.param == "small":
        monkeypatch.setattr(matrix, "ROWS", 7)
        monkeypatch.setattr(matrix, "CODEBOOK", 0)
        monkeypatch.setattr(matrix, "RELEASED", 100)


def test_blocks_contain_all_rows_once_and_free_their_cells():
    whole = made()
    assert (len(whole), whole.shape, whole.sizes, whole.dtype) == (COUNT, (COUNT, 9), [1, 3, 1, 2, 2], numpy.float64)
    blocks = [(start, whole.block(part)) for start, part in whole.parts()]
    assert [start for start, _ in blocks] == numpy.cumsum([0, *(len(block) for _, block in blocks[:-1])]).tolist()
    assert numpy.concatenate([block for _, block in blocks]).tolist() == expected().tolist()
    assert list(whole.parts()) == []


def test_ranges_keep_the_places_of_a_kind_together():
    assert list(made().ranges(1)) == [(0, 1), (1, 4), (4, 5), (5, 6), (6, 7), (7, 9)]
    assert list(made().ranges(9)) == [(0, 1), (1, 4), (4, 5), (5, 7), (7, 9)]


@pytest.mark.parametrize("rows", [None, numpy.arange(0, COUNT, 3), numpy.array([99])], ids=["all", "some", "one"])
def test_places_of_some_rows_are_those_of_the_matrix(rows):
    whole = expected() if rows is None else expected()[rows]
    for first, stop in [(0, 1), (2, 6), (6, 9), (0, 9)]:
        found = made().cells(first, stop, rows)
        assert found.tolist() == whole[:, first:stop].tolist()
        assert found.T.flags.c_contiguous
    for first, stop in made().ranges(9):
        blocks = list(made().different(first, stop, rows))
        assert {tuple(row) for block in blocks for row in block.tolist()} == set(
            map(tuple, whole[:, first:stop].tolist())
        )


def test_a_kind_with_many_numbers_is_not_compared(monkeypatch):
    monkeypatch.setattr(matrix, "MOST_COMPARED", 1)
    monkeypatch.setattr(matrix, "CODEBOOK", 0)
    assert list(made().different(1, 4, None)) == []


def test_empty_chunks_have_no_numbers():
    cells = pyarrow.chunked_array([NUMBERS[:0], NUMBERS, NUMBERS[:0]])
    whole = Matrix([cells, cells], [None, fitted(Log1p(), NUMBERS)])
    both = numpy.column_stack([NUMBERS, numpy.log1p(NUMBERS)])
    assert whole.cells(0, 2, numpy.array([99])).tolist() == both[99:].tolist()
    assert numpy.concatenate(list(whole.different(1, 2, None))).tolist() == both[:, 1:].tolist()
    assert [whole.block(part).tolist() for _, part in whole.parts()] == [
        both[start : start + matrix.ROWS].tolist() for start in range(0, COUNT, matrix.ROWS)
    ]


def test_rows_are_split_among_parts():
    rows = numpy.array([0, 4, 5, 9])
    assert [own.tolist() for own in split_rows(rows, [4, 0, 2, 4])] == [[0], [], [0, 1], [3]]
