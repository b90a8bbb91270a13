"""Columns of any type of Arrow as columns of few types: numbers, text, timestamps and lists of these."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow


def plain(cells: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
    """Return a column without dictionaries, run-end encoding, views, extension types and half floats.

    Many functions and writers of Arrow do not support these.
    """
    import pyarrow

    kind = plain_type(cells.type)
    if kind == cells.type:
        return cells
    return pyarrow.chunked_array([_plain(chunk) for chunk in cells.chunks], kind)


def plain_text(cells: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
    """Return a column of text without views and extension types. A dictionary stays one."""
    import pyarrow
    from pyarrow import types

    if not types.is_dictionary(cells.type) or types.is_string(cells.type.value_type):
        return cells if types.is_dictionary(cells.type) else plain(cells)
    chunks = [pyarrow.DictionaryArray.from_arrays(chunk.indices, _plain(chunk.dictionary)) for chunk in cells.chunks]
    return pyarrow.chunked_array(chunks, pyarrow.dictionary(cells.type.index_type, pyarrow.string()))


def plain_type(kind: "pyarrow.DataType") -> "pyarrow.DataType":
    """Return the type of a column of this type after `plain`."""
    import pyarrow
    from pyarrow import types

    if isinstance(kind, pyarrow.BaseExtensionType):
        return plain_type(kind.storage_type)
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    if types.is_string_view(kind) or types.is_large_string(kind):
        return pyarrow.string()
    if types.is_float16(kind):
        return pyarrow.float32()
    if types.is_fixed_size_list(kind):
        return pyarrow.list_(plain_type(kind.value_type), kind.list_size)
    if types.is_large_list(kind) or types.is_list_view(kind) or types.is_large_list_view(kind):
        return pyarrow.large_list(plain_type(kind.value_type))
    if types.is_list(kind):
        return pyarrow.list_(plain_type(kind.value_type))
    return kind


def _plain(cells: "pyarrow.Array") -> "pyarrow.Array":
    import pyarrow
    from pyarrow import compute, types

    kind, wanted = cells.type, plain_type(cells.type)
    if kind == wanted:
        return cells
    if isinstance(kind, pyarrow.BaseExtensionType):
        return _plain(cells.storage)
    if types.is_dictionary(kind):
        return _plain(cells.dictionary).take(cells.indices)
    if types.is_run_end_encoded(kind):
        return _plain(compute.run_end_decode(cells))
    if types.is_nested(kind):
        return _plain_lists(cells, wanted)
    return cells.cast(wanted)


def _plain_lists(lists: "pyarrow.Array", wanted: "pyarrow.DataType") -> "pyarrow.Array":
    """Return lists with plain elements. Casts of lists are avoided: those of views lose elements in some versions."""
    import numpy
    import pyarrow
    from pyarrow import compute, types

    if types.is_fixed_size_list(lists.type):
        size = lists.type.list_size
        elements = _plain(lists.values.slice(lists.offset * size, len(lists) * size))
        return pyarrow.FixedSizeListArray.from_arrays(
            elements, size, mask=lists.is_null() if lists.null_count else None
        )
    elements = _plain(lists.flatten())
    lengths = compute.fill_null(compute.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    is_large = types.is_large_list(wanted)
    ends = numpy.concatenate([[0], numpy.cumsum(lengths)]).astype(numpy.int64 if is_large else numpy.int32)
    make = pyarrow.LargeListArray if is_large else pyarrow.ListArray
    return make.from_arrays(pyarrow.array(ends), elements, mask=lists.is_null() if lists.null_count else None)
