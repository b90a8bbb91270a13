"""Columns of Arrow as the texts of JSON."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow

FEW = 64
"""The number of rows up to which objects are joined in Python."""


def json_objects(batch: "pyarrow.RecordBatch") -> list[str]:
    """Return an object for each row, without a Python object for each cell. Numbers that are not finite are null.

    JSON has no such numbers. Others are written with as many digits as their type needs.
    """
    import pyarrow
    import pyarrow.compute

    names = [json.dumps(name, ensure_ascii=False) for name in batch.schema.names]
    if batch.num_rows <= FEW:  # Calls of Arrow take longer than the work.
        rows = zip(*map(_few_texts, batch.columns), strict=True)
        keys = [f"{name}: " for name in names]
        return ["{" + ", ".join([key + text for key, text in zip(keys, row, strict=True)]) + "}" for row in rows]
    texts = [json_texts(column) for column in batch.columns]
    parts: list[Any] = []
    for name, column in zip(names, texts, strict=True):
        parts += [pyarrow.scalar(f"{', ' if parts else '{'}{name}: "), column]
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


def _few_texts(column: "pyarrow.Array[Any]") -> list[str]:
    """Return the values of a column as JSON, given that they are few."""
    import numpy
    import pyarrow

    if pyarrow.types.is_string(column.type):
        return [json.dumps(text, ensure_ascii=False) for text in column.to_pylist()]
    if pyarrow.types.is_floating(column.type) and not column.null_count and numpy.isfinite(column.to_numpy()).all():
        column = column.cast("string")
    else:
        column = json_texts(column)
    texts: list[str] = column.to_pylist()
    return texts


def _dumped(value: Any) -> str:
    """Return a list or a mapping as JSON."""
    return json.dumps(_finite(value), ensure_ascii=False, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(one) for one in value]
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    return None if isinstance(value, float) and value - value != 0 else value
