"""Kinds applied to the cells of a file."""

import numpy
import pyarrow
import pytest

from hookline.errors import DataError
from hookline_columns.booleans import Boolean
from hookline_columns.encoders import OneHotEncoder
from hookline_columns.numbers import Log1p
from hookline_data.arrow_columns import distinct
from hookline_data.layout.kinds import FittedKind, Kind
from hookline_data.preparing import kind_cells

WORDS = pyarrow.chunked_array([["yes", "no", "maybe"], ["no", "perhaps", "maybe"]])


@pytest.mark.parametrize("cells", [WORDS, distinct.encoded(WORDS)], ids=["plain", "encoded"])
def test_cells_that_cannot_be_parsed_are_reported_with_the_first_row(cells):
    with pytest.raises(DataError) as error:
        kind_cells.parsed(cells, Kind("x", Boolean()), "x", "x.csv")
    assert str(error.value).startswith('x.csv: row 3, column "x": "maybe" is not one of ')
    assert str(error.value).endswith(" 2 other cells of the column cannot be read either.")


@pytest.mark.parametrize("cells", [WORDS, distinct.encoded(WORDS)], ids=["plain", "encoded"])
def test_only_unfit_cells_of_rows_in_a_split_are_reported(cells):
    known = FittedKind.of(Kind("x", OneHotEncoder()), "x", pyarrow.array(["yes", "no"]), "x.csv")
    kind_cells.refuse_unfit(cells, known, [numpy.array([0, 1]), numpy.array([3])], "x", "x.csv")
    for used, row, others in (([None], 3, "2 other rows"), ([numpy.array([4]), numpy.array([5])], 5, "1 other row")):
        with pytest.raises(DataError, match=f'row {row}, column "x": .* does not occur .* true of {others}'):
            kind_cells.refuse_unfit(cells, known, used, "x", "x.csv")


def test_missing_cells_of_dropped_rows_are_not_unfit():
    cells = pyarrow.chunked_array([pyarrow.array([1.0, None]), pyarrow.array([None, 2.0])])
    known = FittedKind.of(Kind("x", Log1p(missing="drop")), "x", pyarrow.array([1.0, 2.0]), "x.csv")
    kind_cells.refuse_unfit(cells, known, [None], "x", "x.csv")
    assert kind_cells.transformed(cells, known).to_pylist() == numpy.log1p([1, 1, 1, 2]).tolist()


@pytest.mark.parametrize("cells", [WORDS, distinct.encoded(WORDS)], ids=["plain", "encoded"])
def test_cells_of_some_rows_are_plain(cells):
    assert kind_cells.of_rows(cells, numpy.array([0, 2, 5])).equals(pyarrow.array(["yes", "maybe", "maybe"]))
    assert kind_cells.of_rows(cells, None).equals(WORDS.combine_chunks())
