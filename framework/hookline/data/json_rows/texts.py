"""Columns of Arrow as the texts of JSON."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow


def json_objects(batch: "pyarrow.RecordBatch") -> list[str]:
    """Return an object for each row, without a Python object for each cell. Numbers that are not finite are null.

    JSON has no such numbers. Others are written with as many digits as their type needs.
    """
    import pyarrow
    import pyarrow.compute

    parts: list[Any] = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        before = f"{', ' if parts else '{'}{json.dumps(name, ensure_ascii=False)}: "
        parts += [pyarrow.scalar(before), json_texts(column)]
    lines: list[str] = pyarrow.compute.binary_join_element_wise(*parts, pyarrow.scalar("}"), "").to_pylist()
    return lines


def json_texts(column: "pyarrow.Array[Any]") -> "pyarrow.Array[Any]":
    """Return the values of a column as JSON."""
    import pyarrow
    import pyarrow.compute as compute

    if pyarrow.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pyarrow.types.is_boolean(kind) or pyarrow.types.is_integer(kind):
        texts = column.cast("string")
    elif pyarrow.types.is_floating(kind):
        texts, is_finite = column.cast("string"), compute.is_finite(column)
        if not compute.all(is_finite).as_py():
            texts = compute.if_else(is_finite, texts, pyarrow.scalar("null"))
    elif pyarrow.types.is_nested(kind):
        texts = pyarrow.array([None if value is None else _dumped(value) for value in column.to_pylist()], "string")
    else:
        distinct = column.cast("string").dictionary_encode()  # Most columns of texts have few.
        known = [json.dumps(text, ensure_ascii=False) for text in distinct.dictionary.to_pylist()]
        texts = pyarrow.array(known, "string").take(distinct.indices)
    return compute.fill_null(texts, "null") if texts.null_count else texts


def _dumped(value: Any) -> str:
    """Return a list or a mapping as JSON."""
    return json.dumps(_finite(value), ensure_ascii=False, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(one) for one in value]
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return None if isinstance(value, float) and value - value != 0 else value
