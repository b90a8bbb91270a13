"""The types in which columns of Arrow are read."""

from typing import TYPE_CHECKING

from attrs import evolve

from hookline_data.reading.cells import is_list, is_ragged
from hookline_data.reading.columns import Wanted

if TYPE_CHECKING:
    import pyarrow


def type_to_read(kind: "pyarrow.DataType", wanted: Wanted) -> "pyarrow.DataType | None":
    """Return the type to cast cells to, or `None` if they cannot be what is wanted."""
    import pyarrow
    from pyarrow import types

    if is_list(kind) and wanted.may_be_lists:
        # Lists in a target column are class indices.
        of_steps = Wanted("integer") if wanted.kind == "text" else evolve(wanted, may_be_lists=is_ragged(kind))
        steps = None if is_ragged(kind.value_type) else type_to_read(kind.value_type, of_steps)
        if steps is None:
            return None
        if types.is_fixed_size_list(kind):
            return pyarrow.list_(steps, kind.list_size)
        return pyarrow.large_list(steps) if types.is_large_list(kind) else pyarrow.list_(steps)
    if wanted.takes_any_type and (types.is_primitive(kind) or types.is_decimal(kind)):
        return pyarrow.string()
    if types.is_boolean(kind):
        return pyarrow.int64() if wanted.kind != "text" else None
    if types.is_integer(kind):
        return {"number": kind, "text": pyarrow.string()}.get(wanted.kind, pyarrow.int64())
    if types.is_floating(kind):
        return {"number": kind, "any": pyarrow.float64()}.get(wanted.kind)
    if types.is_decimal(kind):
        return pyarrow.float64() if wanted.kind in ("number", "any") else None
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return pyarrow.string() if wanted.kind in ("text", "any") else None
    return None


def needed(wanted: Wanted) -> str:
    """Return the end of a sentence about what the cells should be."""
    nouns = {"number": "numbers", "integer": "integers", "text": "text", "any": "numbers or text"}
    noun = nouns[wanted.kind] + (" or lists of integers" if wanted.kind == "text" and wanted.may_be_lists else "")
    return f"{wanted.by or 'the model'} needs {noun}"
