"""Columns as indices into their distinct cells."""

import pyarrow
import pytest
from pyarrow import compute

from hookline_data.arrow_columns import distinct

TEXT = pyarrow.chunked_array([["b", "a", None], ["a", "c"]])


def dictionary(indices, values, kind="int8"):
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(indices, kind), pyarrow.array(values))


@pytest.mark.parametrize(
    "column",
    [
        TEXT,
        pyarrow.chunked_array([TEXT.chunk(0).dictionary_encode(), TEXT.chunk(1).dictionary_encode()]),
        pyarrow.chunked_array(
            [dictionary([1, 2, None], ["unused", "b", "a"]), dictionary([0, 1], ["a", "c", "never"])]
        ),
        pyarrow.chunked_array([dictionary([0, 1, 2], ["b", "a", None]), dictionary([0, 1], ["a", "c"])]),
    ],
    ids=["plain", "dictionaries", "unused values", "a missing value"],
)
def test_all_chunks_share_one_dictionary_of_the_cells_that_occur(column):
    made = distinct.encoded(column)
    assert distinct.values(made).to_pylist() == ["b", "a", "c"]
    assert all(chunk.dictionary.equals(distinct.values(made)) for chunk in made.chunks)
    assert made.to_pylist() == TEXT.to_pylist()
    assert distinct.decoded(made).equals(TEXT)


def test_a_function_gets_each_distinct_cell_once_and_what_it_makes_missing_is_missing():
    seen = []

    def change(cells):
        seen.append(cells.to_pylist())
        return compute.if_else(compute.equal(cells, "a"), None, compute.utf8_upper(cells))

    made = distinct.changed(distinct.encoded(TEXT), change)
    assert seen == [["b", "a", "c"]]
    assert made.to_pylist() == ["B", None, None, None, "C"]
    assert (made.null_count, distinct.values(made).to_pylist()) == (3, ["B", "C"])
    assert distinct.changed(TEXT, compute.utf8_upper).to_pylist() == ["B", "A", None, "A", "C"]


@pytest.mark.parametrize(("count", "kind"), [(126, "int8"), (127, "int16"), (32766, "int16"), (32767, "int32")])
def test_indices_take_few_bytes_and_leave_one_for_missing_cells(count, kind):
    column = pyarrow.chunked_array([pyarrow.array(range(count)), pyarrow.nulls(1, pyarrow.int64())])
    made = distinct.narrowed(distinct.encoded(column))
    assert made.type.index_type == pyarrow.type_for_alias(kind)
    assert distinct.indices(made.chunk(1), count).tolist() == [count]
    assert made.to_pylist() == column.to_pylist()


def test_rows_with_some_of_the_cells_are_found():
    are_wanted = pyarrow.array([False, True, True])
    assert distinct.rows_with(distinct.encoded(TEXT), are_wanted).tolist() == [False, True, False, True, True]
