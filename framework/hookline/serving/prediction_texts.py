"""Predictions as JSON, without a table of Arrow for the few rows of a request."""

import json
from collections.abc import Mapping, Sequence

import orjson

from hookline.data.json_rows.texts import json_texts
from hookline.spec.objective.predicted import Predicted
from hookline.spec.objective.prediction_columns import PredictionColumn, columns_of_values
from hookline.spec.objective.prediction_values import PredictedValues
from hookline.training.predictions import columns_of, values_of

JSON = json.JSONEncoder(ensure_ascii=False)


class PredictionTexts:
    """Writes predictions of a model as JSON."""

    def __init__(self, columns: Sequence[PredictionColumn]):
        """Take the columns of the predictions of any row."""
        self._keys = [f"{JSON.encode(column.name)}: " for column in columns]

    def __call__(self, several: Mapping[str, Predicted]) -> list[str]:
        """Return an object for each row.

        Numbers have as many digits as their type needs, and those that are not finite are null, as in `json_objects`.
        """
        columns = [column for _, values in values_of(several) for column in _texts(values)]
        if len(columns) != len(self._keys):  # Two values have one name, such as "a.b" of several targets.
            found = columns_of(several)
            columns = [json_texts(column.values).to_pylist() for column in found]
        keys = self._keys
        return [
            "{" + ", ".join([key + text for key, text in zip(keys, row, strict=True)]) + "}"
            for row in zip(*columns, strict=True)
        ]


def _texts(values: PredictedValues) -> Sequence[Sequence[str]]:
    """Return the texts of each column."""
    tensor = values.tensor
    if tensor.dim() > 2 or not tensor.shape[1]:
        return [json_texts(column.values).to_pylist() for column in columns_of_values(values, "")]
    if values.names is not None:
        are_integers = all(isinstance(name, int) for name in values.names)
        names = values.names if are_integers else list(map(str, values.names))
        return [[JSON.encode(names[index]) for index in column] for column in tensor.T.tolist()]
    if tensor.is_floating_point() and tensor.itemsize < 4:
        tensor = tensor.float()  # The same numbers; NumPy has no bfloat16.
    listed = orjson.dumps(tensor.T.contiguous().numpy(), option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return [column.split(",") for column in listed[2:-2].split("],[")]
