"""JSON Schemas of a row and of a prediction."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.data.json_rows.row_field import Cell, RowField
from hookline.spec.objective.prediction_columns import PredictionColumn

if TYPE_CHECKING:
    import pyarrow

TYPES: Mapping[Cell, Mapping[str, Any]] = {
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "text": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "description": "A date and a time in ISO 8601."},
    "image": {"type": "string", "contentEncoding": "base64", "description": "The file of an image in base64."},
}
"""The schema of each type of cell except lists."""


def row_schema(fields: Sequence[RowField]) -> dict[str, Any]:
    """Return the schema of a row. Other keys are ignored, as other columns of a file are."""
    return {
        "type": "object",
        "title": "Row",
        "properties": {field.name: _cell(field) for field in fields},
        "required": [field.name for field in fields if field.is_needed],
    }


def prediction_schema(columns: Sequence[PredictionColumn]) -> dict[str, Any]:
    """Return the schema of the prediction of a row. Columns that are kept, such as ids, come in front of these."""
    return {
        "type": "object",
        "title": "Prediction",
        "properties": {column.name: _value(column.values.type) for column in columns},
        "required": [column.name for column in columns],
    }


def one_or_several(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object, or a list of them."""
    return {"oneOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}


def _cell(field: RowField) -> dict[str, Any]:
    if field.cell == "list":
        found: dict[str, Any] = {"type": "number"}
        for size in reversed(field.shape):
            sizes = {"minItems": 1} if size is None else {"minItems": size, "maxItems": size}
            found = {"type": "array", "items": found, **sizes}
    else:
        found = dict(TYPES[field.cell])
    if field.is_closed and field.choices:
        found["enum"] = [*field.choices, *([None] if field.may_be_missing else [])]
    elif field.choices:
        found["examples"] = list(field.choices)
    if field.may_be_missing:
        found["type"] = [found["type"], "null"]
    return found


def _value(kind: "pyarrow.DataType") -> dict[str, Any]:
    from pyarrow import types

    if types.is_list(kind) or types.is_large_list(kind):
        return {"type": "array", "items": _value(kind.value_type)}
    if types.is_integer(kind):
        return {"type": "integer"}
    return {"type": ["number", "null"]} if types.is_floating(kind) else {"type": "string"}
