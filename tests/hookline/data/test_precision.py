"""Find numbers that become equal."""

import numpy
import pytest

from hookline.data import merged_columns, merged_in_blocks
from hookline.data.precision import ENOUGH, PART, Merged

RANDOM = numpy.random.default_rng(0)
COLUMNS = numpy.column_stack(
    [
        20_240_101.0 + RANDOM.integers(0, 28, 5000),
        RANDOM.standard_normal(5000),
        RANDOM.integers(0, 50, 5000),
        1.7e9 + RANDOM.integers(0, 10**6, 5000),
    ]
)


def by_hand(before, after):
    found = []
    for column in range(before.shape[1]):
        different, kept = (len(set(cells[:, column].tolist())) for cells in (before, after))
        if kept < ENOUGH and kept < 0.99 * different:
            found.append(Merged(column, different, kept))
    return found


@pytest.mark.parametrize("sizes", [[5000], [1, 4999], [2500, 0, 2500], [1000] * 5])
def test_the_different_numbers_of_all_blocks_are_counted_together(sizes):
    cast = COLUMNS.astype(numpy.float32)
    places = numpy.cumsum(sizes)[:-1]
    blocks = zip(numpy.split(COLUMNS, places), numpy.split(cast, places), strict=True)
    assert merged_in_blocks(blocks) == merged_columns(COLUMNS, cast) == by_hand(COLUMNS, cast)
    assert [one.column for one in merged_columns(COLUMNS, cast)] == [0, 3]


def test_no_rows_and_no_columns_are_not_merged():
    assert (
        merged_in_blocks([])
        == merged_columns(COLUMNS[:0], COLUMNS[:0])
        == merged_columns(COLUMNS[:, :0], COLUMNS[:, :0])
        == []
    )


def test_blocks_are_not_read_once_there_are_enough_values():
    read = []

    def blocks(column):
        for index in range(4):
            read.append(index)
            cells = column[index * PART : (index + 1) * PART].reshape(-1, 1)
            yield cells, cells.astype(numpy.float32)

    numbers = numpy.arange(4 * PART) / 2
    assert merged_in_blocks(blocks(numbers)) == []
    assert read == [0]
    read.clear()
    [found] = merged_in_blocks(blocks(1e9 + numbers % 60_000))
    assert (read, found.different) == ([0, 1, 2, 3], 120_000)
