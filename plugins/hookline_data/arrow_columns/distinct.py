"""Columns as indices into their distinct cells, as Arrow's dictionary encoding stores them.

Text is kept in this form: a column has far fewer distinct cells than rows, so that it takes less memory, and what
follows from a cell alone is computed once for each distinct cell. All chunks of a column share one dictionary.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


def is_encoded(kind: "pyarrow.DataType") -> bool:
    """Whether a column of this type is encoded."""
    import pyarrow

    return pyarrow.types.is_dictionary(kind)


def type_of_cells(kind: "pyarrow.DataType") -> "pyarrow.DataType":
    """Return the type of the cells of a column of this type, encoded or not."""
    return kind.value_type if is_encoded(kind) else kind


def is_text(kind: "pyarrow.DataType") -> bool:
    """Whether the cells of a column of this type are text, encoded or not."""
    import pyarrow

    return pyarrow.types.is_string(type_of_cells(kind))


def encoded(column: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
    """Return a column with the dictionary of its distinct cells, each of which occurs and is not missing."""
    import numpy
    import pyarrow

    if not is_encoded(column.type):
        return column.dictionary_encode()
    if any(chunk.dictionary.null_count for chunk in column.chunks):  # pyarrow cannot unify them.
        return decoded(column).dictionary_encode()
    if column.type.index_type != pyarrow.int32():
        kind = pyarrow.dictionary(pyarrow.int32(), column.type.value_type)
        chunks = [
            pyarrow.DictionaryArray.from_arrays(chunk.indices.cast(pyarrow.int32()), chunk.dictionary)
            for chunk in column.chunks
        ]
        column = pyarrow.chunked_array(chunks, kind)
    column = column.unify_dictionaries()
    occurs = numpy.zeros(len(values(column)), dtype=bool)
    for chunk in column.chunks:
        occurs[chunk.indices.drop_null().to_numpy()] = True
    return column if occurs.all() else _with(column, values(column), pyarrow.array(occurs))


def _with(column: "pyarrow.ChunkedArray", known: "pyarrow.Array", are_kept: "pyarrow.Array") -> "pyarrow.ChunkedArray":
    """Return an encoded column with other distinct cells. Those that are not kept become missing."""
    import numpy
    import pyarrow

    is_kept = are_kept.to_numpy(zero_copy_only=False)
    places = pyarrow.array(numpy.cumsum(is_kept, dtype=numpy.int32) - 1, mask=~is_kept)
    kept = known.filter(are_kept)
    return pyarrow.chunked_array(
        [pyarrow.DictionaryArray.from_arrays(places.take(chunk.indices), kept) for chunk in column.chunks]
    )


def narrowed(column: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
    """Return a column, if it is encoded, with indices of the smallest type that has one more than there are."""
    import pyarrow

    if not is_encoded(column.type):
        return column
    known = values(column)
    kinds = {2**7: pyarrow.int8(), 2**15: pyarrow.int16(), 2**31: pyarrow.int32()}
    kind = next(kind for limit, kind in kinds.items() if len(known) < limit - 1)
    return pyarrow.chunked_array(
        [pyarrow.DictionaryArray.from_arrays(chunk.indices.cast(kind), known) for chunk in column.chunks]
    )


def values(column: "pyarrow.ChunkedArray", *, with_missing: bool = False) -> "pyarrow.Array":
    """Return the distinct cells of an encoded column; with `with_missing`, a missing one follows them."""
    import pyarrow

    known = column.chunk(0).dictionary
    return pyarrow.concat_arrays([known, pyarrow.nulls(1, known.type)]) if with_missing else known


def indices(cells: "pyarrow.DictionaryArray", missing: int) -> "NDArray[Any]":
    """Return the index of each of some encoded cells among the distinct ones; that of a missing cell is `missing`."""
    own = cells.indices
    return (own.fill_null(missing) if own.null_count else own).to_numpy()


def changed(
    column: "pyarrow.ChunkedArray", change: "Callable[[pyarrow.Array], pyarrow.Array]"
) -> "pyarrow.ChunkedArray":
    """Return a column with a function applied to each cell, which keeps its chunks and its encoding.

    The function takes an array of cells and returns one as long. Of an encoded column it gets the distinct cells.
    """
    import pyarrow

    if not is_encoded(column.type):
        return pyarrow.chunked_array([change(chunk) for chunk in column.chunks])
    before = values(column)
    made = change(before)
    if made is before:
        return column
    if made.null_count:
        return _with(column, made, made.is_valid())
    return pyarrow.chunked_array([pyarrow.DictionaryArray.from_arrays(chunk.indices, made) for chunk in column.chunks])


def decoded(column: "pyarrow.ChunkedArray | pyarrow.Array") -> "pyarrow.ChunkedArray | pyarrow.Array":
    """Return the cells themselves, whether the column is encoded or not."""
    import pyarrow

    if not is_encoded(column.type):
        return column
    if isinstance(column, pyarrow.Array):
        return column.dictionary.take(column.indices)
    return pyarrow.chunked_array([chunk.dictionary.take(chunk.indices) for chunk in column.chunks])


def plain_table(table: "pyarrow.Table") -> "pyarrow.Table":
    """Return a table without encoded columns."""
    import pyarrow

    return pyarrow.table([decoded(column) for column in table.columns], names=table.column_names)


def rows_with(column: "pyarrow.ChunkedArray", are_wanted: "pyarrow.Array") -> "NDArray[Any]":
    """Return which rows of an encoded column have one of the distinct cells for which `are_wanted` is true."""
    import numpy
    from pyarrow import compute

    is_wanted = numpy.append(compute.fill_null(are_wanted, fill_value=False).to_numpy(zero_copy_only=False), False)
    return numpy.concatenate([is_wanted[indices(chunk, len(is_wanted) - 1)] for chunk in column.chunks])
