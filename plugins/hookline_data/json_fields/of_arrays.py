"""The cells of a row of arrays, in JSON."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.data import DataDescription, RowField, arrays_of_rows, field_of_array
from hookline_data.new_rows.python_rows import as_arrow
from hookline_data.new_rows.roles import groups_of

if TYPE_CHECKING:
    from hookline_data.rows.named_arrays import NamedArrays


def fields_of_named_arrays(source: "NamedArrays", description: DataDescription) -> list[RowField]:
    """Return the arrays that the model needs, and those that predictions contain, such as ids.

    Args:
        source: the source.
        description: the description of the data before the transforms.

    """
    groups = groups_of(description, "array").values()
    found = [field_of_array(group.columns[0], group.shape, is_padded=group.padded) for group in groups]
    found += [RowField(name=name, cell="text", may_be_missing=True, is_needed=False) for name in source.ids]
    return found


def named_arrays_of_rows(
    source: "NamedArrays", rows: Sequence[Mapping[str, Any]], description: DataDescription
) -> dict[str, Any]:
    """Return rows of JSON as arrays by name, with the lengths of sequences.

    Raises:
        DataError: If a row lacks an array, or if its cell has another shape than those of the other rows.

    """
    fields = [field for field in fields_of_named_arrays(source, description) if field.is_needed]
    given = source.lengths
    lengths = dict.fromkeys((field.name for field in fields), given) if isinstance(given, str) else given
    found: dict[str, Any] = dict(arrays_of_rows(rows, fields, lengths))
    for name in source.ids:
        if all(name in row for row in rows):
            found[name] = as_arrow([row[name] for row in rows]).to_numpy(zero_copy_only=False)
    return found
