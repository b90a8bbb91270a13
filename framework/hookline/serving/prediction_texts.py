"""Predictions as JSON, without a table of Arrow for the few rows of a request."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hookline.data.json_rows.texts import json_texts
from hookline.spec.objective.predicted import Predicted
from hookline.spec.objective.prediction_columns import column_of
from hookline.spec.objective.prediction_values import PredictedValues
from hookline.training.predictions import values_of

if TYPE_CHECKING:
    from torch import Tensor

JSON = json.JSONEncoder(ensure_ascii=False)


def json_of_predictions(several: Mapping[str, Predicted]) -> list[str]:
    """Return an object for each row, as `json_objects` writes the columns of the predictions."""
    values = {name: one for name, (_, one) in values_of(several).items()}
    are_numbers = {name: one.tensor for name, one in values.items() if _are_numbers(one)}
    texts = _texts_of_numbers(are_numbers)
    keys = [f"{JSON.encode(name)}: " for name in values]
    columns = [texts[name] if name in texts else _texts(one) for name, one in values.items()]
    return [
        f"{{{', '.join([key + text for key, text in zip(keys, row, strict=True)])}}}"
        for row in zip(*columns, strict=True)
    ]


def _are_numbers(values: PredictedValues) -> bool:
    tensor = values.tensor
    return values.names is None and tensor.dim() == 1 and tensor.is_floating_point()


def _texts_of_numbers(columns: "Mapping[str, Tensor]") -> dict[str, Sequence[str]]:
    """Return columns of floating-point numbers as JSON. Those of the same type are converted at once."""
    import numpy
    import pyarrow
    import torch

    found: dict[str, Sequence[str]] = {}
    for dtype in {tensor.dtype for tensor in columns.values()}:
        names = [name for name, tensor in columns.items() if tensor.dtype == dtype]
        together = torch.stack([columns[name] for name in names])
        if dtype in (torch.bfloat16, torch.float16):
            together = together.float()
        rows, numbers = together.shape[1], together.flatten().numpy()
        column = pyarrow.array(numbers)
        texts = (column.cast("string") if numpy.isfinite(numbers).all() else json_texts(column)).to_pylist()
        found |= {name: texts[place * rows : (place + 1) * rows] for place, name in enumerate(names)}
    return found


def _texts(values: PredictedValues) -> Sequence[str]:
    if values.names is None or values.is_sequence or values.tensor.dim() > 1:
        texts: list[str] = json_texts(column_of(values)).to_pylist()
        return texts
    are_integers = all(isinstance(name, int) for name in values.names)
    names = values.names if are_integers else list(map(str, values.names))
    return [JSON.encode(names[index]) for index in values.tensor.tolist()]
