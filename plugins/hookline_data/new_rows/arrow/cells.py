"""Check columns of Arrow: each cell becomes what the model or the target needs, or is reported."""

from typing import TYPE_CHECKING

from hookline.errors import DataError
from hookline_data.new_rows import parse_text
from hookline_data.new_rows.arrow.lists import lists, of_missing, sequences
from hookline_data.new_rows.arrow.scalars import classes, scalars
from hookline_data.new_rows.chunks import EMPTY, BadCells, Chunk
from hookline_data.new_rows.roles import Role
from hookline_data.new_rows.transform import parsed
from hookline_data.reading.cells import is_list
from hookline_data.reading.columns import Place

if TYPE_CHECKING:
    import pyarrow

    from hookline_data.new_rows.arrow.scalars import Read


def checked(chunk: Chunk, roles: dict[str, Role], place: Place) -> Chunk:
    """Return the rows with columns of the types that their roles need. A cell that cannot be read gets a valid value.

    Raises:
        DataError: If a column has a type that cannot be what is needed.

    """
    import pyarrow

    columns, bad = {}, list(chunk.bad)
    for name, role in roles.items():
        cells = chunk.columns[name]
        found: list[BadCells] = []
        if not _is_ready(cells, role):
            array, found = _checked(name, cells.combine_chunks(), role, place)
            cells = pyarrow.chunked_array([array])
        if role.kind is not None:
            array, unread = parsed(name, role.kind, cells, place)
            cells = pyarrow.chunked_array([array])
            found += unread
        if role.drops_missing:
            is_missing = parse_text.are_missing(chunk.columns[name].combine_chunks(), role.wanted.missing)
            found = [rest for one in found for rest in one.outside(is_missing)]
            found += BadCells.where(name, is_missing, lambda _: EMPTY, "target")
        bad += found
        columns[name] = cells
    return Chunk(chunk.rows, columns, chunk.kept, bad)


def _is_ready(cells: "pyarrow.ChunkedArray", role: Role) -> bool:
    """Whether the cells need no check, as those of a CSV file that was read as numbers."""
    from pyarrow import types

    is_ready = {"number": types.is_float64, "integer": types.is_int64}.get(role.wanted.kind)
    has_gaps = cells.null_count > 0 or role.wanted.may_be_missing  # NaN may be a missing cell, too.
    return not role.is_list and is_ready is not None and is_ready(cells.type) and not has_gaps


def _checked(name: str, cells: "pyarrow.Array", role: Role, place: Place) -> "Read":
    import pyarrow
    from pyarrow import types

    if types.is_null(cells.type):
        kind = pyarrow.list_(of_missing(role.wanted)) if role.is_list else pyarrow.string()
        cells = pyarrow.nulls(len(cells), kind)
    if role.steps is not None:
        return sequences(name, cells, role, place)
    if is_list(cells.type):
        return lists(name, cells, role, place)
    if role.size not in (1, None):
        message = f'The cells of "{name}" have the type {cells.type}, but they must be lists of {role.size} numbers.'
        raise DataError(message, file=place, columns=[name])
    if role.classes is not None:
        return classes(name, cells, role, place)
    return scalars(name, cells, role.wanted, place)
