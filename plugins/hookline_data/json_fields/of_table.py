"""The cells of a row of a table, in JSON."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.data import DataDescription, RowField, field_of_array
from hookline_data.new_rows.roles import Group, groups_of, roles

if TYPE_CHECKING:
    from hookline_data.rows.named_columns import NamedColumns


def fields_of_table(table: "NamedColumns", description: DataDescription) -> list[RowField]:
    """Return the columns that the model needs, each once, and those that predictions contain, such as ids.

    Args:
        table: the source.
        description: the description of the data before the transforms.

    """
    groups = groups_of(description, "columns", table.columns)
    found: dict[str, RowField] = {}
    for group in groups.values():
        found |= {field.name: field for field in _of_group(group)}
    for name in table.always_kept:
        found.setdefault(name, RowField(name=name, cell="text", may_be_missing=True, is_needed=False))
    return list(found.values())


def _of_group(group: Group) -> Iterator[RowField]:
    sizes = roles({"": group}, {}, ())
    for index, name in enumerate(group.columns):
        if name in group.kinds:
            yield group.kinds[name].spec.row_field(name, group.kinds[name].fitted)
            continue
        is_scalar = not group.padded and sizes[name].size == 1
        typical = 0.0 if group.mean is None or len(group.columns) != len(group.mean) else float(group.mean[index])
        if is_scalar and group.dtype == "int64":
            yield RowField(name=name, cell="integer", example=0)
        elif is_scalar:
            yield RowField(name=name, cell="number", example=float(f"{typical:.3g}"))
        elif group.padded:
            yield field_of_array(name, group.shape, is_padded=True, example=0 if group.dtype == "int64" else 0.0)
        else:  # Several lists of unknown sizes share the numbers of the group.
            shape = (math.prod(group.shape),) if len(group.columns) == 1 else ()
            yield (
                field_of_array(name, shape, is_padded=False)
                if shape
                else RowField(name=name, cell="list", shape=(None,), example=[0])
            )
