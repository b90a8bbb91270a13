"""An ONNX model that predicts rows of JSON with onnxruntime, without torch and the run: see `hookline serve`."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.data import RowField, arrays_of_rows, field_of_array
from hookline.errors import DataError, UnreadableRowsError, quoted_cell, shortened
from hookline.spec import PredictionColumn
from hookline_deploy.onnx_model.cells import number_of, text_of, time_of, whole_of
from hookline_deploy.onnx_model.description import outputs_of
from hookline_deploy.onnx_model.outputs import READABLE, REFUSED, columns_of_outputs, output_named
from hookline_deploy.onnx_model.session import opened

if TYPE_CHECKING:
    from numpy.typing import NDArray

LENGTHS = "_lengths"
"""The end of the name of the input with the lengths of sequences."""
NOT_TAKEN = "The model cannot take this row: a cell is missing, or is a category that the training rows do not have."
LONGEST = 60
"""The largest number of characters of a cell that a message quotes."""
MOST_PROBLEMS = 10
"""The largest number of unreadable rows that a message lists."""


class ServedGraph:
    """An ONNX model with its description."""

    def __init__(self, path: Path, description: Mapping[str, Any]):
        """Open the model.

        Raises:
            DeploymentError: If it is not a complete ONNX file, or if it lacks its description.
            KeyError, TypeError, ValueError: If the description is something else.

        """
        self._session = opened(path)
        self._outputs = outputs_of(self._session)
        self._arguments = [one for one in description["arguments"] if not _is_lengths(one, description["arguments"])]
        self._kinds: Mapping[str, Mapping[str, Any]] = {
            name: kind
            for prepared in description["preparation"].values()
            for name, kind in prepared.get("kinds", {}).items()
        }
        self._is_of_several = isinstance(description["activation"], Mapping)
        self._known = [one.name for one in self._session.get_inputs()]
        self.name: str = description["spec"]["run"]["name"]
        self.titles: Mapping[str, str] = {
            name: " and ".join(target["columns"][:3]) for name, target in description["targets"].items()
        }
        means = _means(description["preparation"])
        self.fields: Sequence[RowField] = [self._field(one, means) for one in self._arguments]
        self.columns: Sequence[PredictionColumn] = [
            self._column(name, None) for output in self._outputs for name in output.columns
        ]

    def predict(self, rows: Sequence[Mapping[str, Any]], first: int = 1) -> list[PredictionColumn]:
        """Return the predictions for rows of JSON.

        Args:
            rows: the rows.
            first: the number of the first row, for messages.

        Raises:
            DataError: If a row lacks a column, or if a cell has another type; an `UnreadableRowsError` lists the rows.

        """
        arrays = self._session.run([one.name for one in self._outputs], self._feeds(rows, first))
        by_name = {one.name: array for one, array in zip(self._outputs, arrays, strict=True)}
        readable, refused = output_named(READABLE, by_name), output_named(REFUSED, by_name)
        if readable is not None and not readable.all():
            places = [index for index, fits in enumerate(readable.tolist()) if not fits]
            columns = [None if refused is None else str(refused[index]) for index in places[:MOST_PROBLEMS]]
            problems = [
                self._problem(rows[index], first + index, column)
                for index, column in zip(places, columns, strict=False)
            ]
            raise UnreadableRowsError(problems, unreadable=len(places), rows=len(rows))
        found = columns_of_outputs(self._outputs, arrays)
        return [self._column(name, values) for name, values in found.items()]

    def _problem(self, row: Mapping[str, Any], number: int, column: str | None) -> DataError:
        """Return why the model cannot take a row, given the column that it names."""
        if column is None:  # An older model names none.
            return DataError(f"row {number}: {NOT_TAKEN}", row=number)
        cell = row[column]
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            message = "The cell is empty."
        elif "categories" in self._kinds.get(column, {}).get("fitted", {}):
            message = f"{quoted_cell(text_of(cell))} does not occur in the training rows."
        else:
            message = f"The model cannot take {shortened(json.dumps(cell, ensure_ascii=False), LONGEST)}."
        return DataError(message, row=number, columns=[column])

    def _feeds(self, rows: Sequence[Mapping[str, Any]], first: int) -> "dict[str, NDArray[Any]]":
        """Return the inputs of the model for some rows."""
        import numpy

        feeds: dict[str, NDArray[Any]] = {}
        problems: dict[int, DataError] = {}
        for one, field in zip(self._arguments, self.fields, strict=True):
            name, dtype = one["name"], one["dtype"]
            if lacking := next((place for place, row in enumerate(rows, first) if name not in row), None):
                raise DataError(f'There is no column "{name}" in row {lacking}.', columns=[name])
            if field.cell == "list":
                arrays = arrays_of_rows(rows, [field])
                feeds |= {key: array.astype("int64" if key != name else dtype) for key, array in arrays.items()}
                continue
            convert = self._converter(name, dtype)
            cells: list[Any] = []
            for place, row in enumerate(rows, first):
                try:
                    cells.append(convert(row[name]))
                except ValueError as error:
                    problems.setdefault(place, DataError(str(error), row=place, columns=[name]))
            if len(cells) == len(rows):
                array = numpy.array(cells, dtype=object if dtype == "string" else dtype)
                feeds[name] = array.reshape(len(rows), *(1 for _ in one["shape"][1:]))
        if problems:
            listed = [problems[place] for place in sorted(problems)]
            raise UnreadableRowsError(listed[:MOST_PROBLEMS], unreadable=len(problems), rows=len(rows))
        return {name: feeds[name] for name in self._known}

    def _converter(self, name: str, dtype: str) -> Callable[[Any], Any]:
        if dtype == "string":
            return text_of
        kind = self._kinds.get(name, {})
        if dtype == "int64" and "last" in kind.get("fitted", {}):
            return lambda cell: time_of(cell, kind.get("format"), kind.get("timezone", "UTC"))
        return whole_of if dtype == "int64" else number_of

    def _field(self, argument: Mapping[str, Any], means: Mapping[str, float]) -> RowField:
        """Return how a cell is written in JSON."""
        name, dtype, shape = argument["name"], argument["dtype"], argument["shape"][1:]
        fitted = self._kinds.get(name, {}).get("fitted", {})
        if shape not in ([], [1]):
            is_sequence = isinstance(shape[0], str)
            sizes = tuple(1 if isinstance(size, str) else int(size) for size in shape)
            return field_of_array(name, sizes, is_padded=is_sequence)
        known: dict[str, Any] = {"name": name, "may_be_missing": "A missing cell" in argument["meaning"]}
        if dtype == "string":
            other = "" if known["may_be_missing"] else "true"  # Text, or a boolean.
            choices = (*fitted.get("categories", ()), *fitted.get("infrequent", ()))
            return RowField(cell="text", choices=choices, example=choices[0] if choices else other, **known)
        if dtype == "int64" and "last" in fitted:
            text = self._kinds[name].get("format")
            return RowField(cell="text" if text else "time", example=_written(fitted["last"], text), **known)
        if dtype == "int64":
            return RowField(cell="integer", example=0, **known)
        typical = float(fitted.get("fill", fitted.get("center", means.get(name, 0.0))))
        return RowField(cell="number", example=float(f"{typical:.3g}"), **known)

    def _column(self, name: str, values: Any) -> PredictionColumn:
        what, _, inside = name.partition("[")
        inside = inside.removesuffix("]")
        target, _, label = inside.partition(".") if self._is_of_several else ("", "", inside)
        return PredictionColumn(what, target, label, values)


def _is_lengths(argument: Mapping[str, Any], arguments: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an input has the lengths of another one."""
    name = str(argument["name"])
    return name.endswith(LENGTHS) and any(one["name"] == name.removesuffix(LENGTHS) for one in arguments)


def _means(preparation: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return the mean of each column that is standardized."""

    def pairs() -> Iterator[tuple[str, float]]:
        for prepared in preparation.values():
            names, means = prepared.get("columns"), prepared.get("mean")
            if isinstance(names, list) and isinstance(means, list) and len(names) == len(means):
                yield from zip(names, means, strict=True)

    return dict(pairs())


def _written(microseconds: float, text: str | None) -> str:
    import datetime

    time = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=microseconds)
    return time.isoformat(timespec="seconds") if text is None else time.strftime(text)
