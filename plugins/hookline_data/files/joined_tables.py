"""Tables of several files as one."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.errors import DataError
from hookline_data.arrow_columns import distinct
from hookline_data.files import several

if TYPE_CHECKING:
    import pyarrow


def joined(tables: "Sequence[pyarrow.Table]", path: Path) -> "pyarrow.Table":
    """Return the rows of all files as one table.

    Raises:
        DataError: If a column has lists of one size in one file and something else in another, or types that have no
            common one.

    """
    import pyarrow

    names = tables[0].column_names
    in_order = [table.select(names).columns for table in tables]
    return pyarrow.table({name: _column(parts, name, path) for name, *parts in zip(names, *in_order, strict=True)})


def text_in_some(tables: "Sequence[pyarrow.Table]") -> list[str]:
    """Return the columns that are text in some files and numbers in others."""
    found = []
    for name in tables[0].column_names:
        are_text = {distinct.is_text(table.schema.field(name).type) for table in tables}
        if len(are_text) > 1:
            found.append(name)
    return found


def _column(parts: "Sequence[pyarrow.ChunkedArray]", name: str, path: Path) -> "pyarrow.ChunkedArray":
    """Return a column of all files, given that of each."""
    import pyarrow
    from pyarrow import types

    whole = next((part.type for part in parts if part.null_count < len(part)), parts[0].type)
    # A column without any cell may have any type.
    parts = [
        part if part.type == whole or part.null_count < len(part) else _nothing(len(part), whole) for part in parts
    ]
    kinds = {distinct.type_of_cells(part.type) for part in parts}
    if len(kinds) > 1:
        common = None
        if all(types.is_date(kind) or (types.is_timestamp(kind) and kind.tz is None) for kind in kinds):
            common = pyarrow.timestamp("us")
        elif all(types.is_boolean(kind) or types.is_integer(kind) for kind in kinds):
            common = pyarrow.int64()
        parts = parts if common is None else [distinct.decoded(part).cast(common, safe=False) for part in parts]
    for file, part in zip(several.of(path), parts, strict=True):
        one, other = parts[0].type, part.type
        if types.is_nested(one) != types.is_nested(other) or (one != other and types.is_fixed_size_list(one)):
            raise _other_type(name, parts[0], part, file, path)
    try:
        tables = [pyarrow.table([part], [name]) for part in parts]
        return pyarrow.concat_tables(tables, promote_options="permissive").unify_dictionaries().column(0)
    except pyarrow.ArrowTypeError:
        other = next(number for number, part in enumerate(parts) if part.type != parts[0].type)
        raise _other_type(name, parts[0], parts[other], several.of(path)[other], path) from None


def _nothing(rows: int, kind: "pyarrow.DataType") -> "pyarrow.ChunkedArray":
    """Return missing cells of a type."""
    import pyarrow

    return pyarrow.chunked_array([pyarrow.nulls(rows, kind)])


def _other_type(
    name: str, first: "pyarrow.ChunkedArray", other: "pyarrow.ChunkedArray", file: Path, path: Path
) -> DataError:
    """Return the error about a column of another type than in the first file."""
    one, kind = distinct.type_of_cells(first.type), distinct.type_of_cells(other.type)
    message = f"The cells of the column have the type {kind}, but {one} in {several.of(path)[0]}."
    return DataError(f'column "{name}": {message}', file=file, columns=[name])
