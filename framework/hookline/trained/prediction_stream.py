"""Predictions of a finished run for new rows, block by block, so that memory does not grow with their number."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from hookline.data.batches import Batch
from hookline.data.new_rows import RowBlock
from hookline.errors.exceptions import DataError, HooklineError, MismatchError, UnreadableRowsError
from hookline.errors.suggestions import did_you_mean
from hookline.errors.text import enumerate_names
from hookline.spec.objective.predicted import Predicted
from hookline.spec.objective.prediction_columns import PARTS, Part, PredictionColumn, refuse_parts
from hookline.trained.trained_model import Trained, default_batch_size, rows_per_block
from hookline.training.predictions import columns_of, predicted_batch, spread
from hookline.training.run_setup import inside

if TYPE_CHECKING:
    import pyarrow

MOST_PROBLEMS = 10
"""The number of unreadable rows that a message lists."""


class PredictionStream:
    """Predictions for new rows: iterate over it to get a `pyarrow.RecordBatch` for each block of rows, in order.

    Rows that cannot be read raise an `UnreadableRowsError` when the first is reached, after all other rows have been
    read to list them; with `skip_bad_rows` their predictions are null. Made by `FinishedRun.predictions`.
    """

    def __init__(
        self,
        finished: Trained,
        source: Any,
        *,
        columns: Sequence[str] = (),
        keep: Sequence[str] = (),
        batch_size: int | None = None,
        skip_bad_rows: bool = False,
    ):
        """Open the source and read its first rows. See `FinishedRun.predict` for the arguments."""
        self._finished, self._skips = finished, skip_bad_rows
        # A single name is what it says, not a sequence of letters.
        columns, keep = ([names] if isinstance(names, str) else names for names in (columns, keep))
        self._parts = _parts(columns)
        self._keep = tuple(dict.fromkeys((*finished.spec.data.always_kept, *keep)))
        self.batch_size: int = default_batch_size(finished) if batch_size is None else batch_size
        """The number of rows to which the model is applied at once."""
        if self.batch_size < 1:
            raise HooklineError(f"The batch size must be at least 1, not {batch_size}.")
        self.rows = 0
        """The number of rows that have been read, readable or not."""
        self.unreadable = 0
        """How many of them cannot be read."""
        self.problems: list[DataError] = []
        """Why rows cannot be read: the first ones."""
        self._open = ExitStack()
        with self._open as closing:
            with finished.opened(closed_by=closing) as run:
                self._run = run
                self._model, self._criterion = finished.model, finished.criterion
                self._blocks = finished.spec.data.open_rows(
                    source,
                    finished.data,
                    run.objective,
                    rows_per_block=rows_per_block(finished, self.batch_size),
                    with_targets="truth" in self._parts,
                    keep=self._keep,
                )
                closing.callback(getattr(self._blocks, "close", bool))
                self._waiting: list[RowBlock] = []
                for block in self._blocks:
                    self._waiting.append(block)
                    if block.batch is not None:
                        break
                of_example = self._example()
            self.schema: pyarrow.Schema = _schema(of_example, self._keep, self._waiting[:1])
            """The names and types of the columns."""
            self._open = closing.pop_all()

    def __iter__(self) -> Iterator["pyarrow.RecordBatch"]:
        """Yield the predictions for each block of rows. The rows can be read only once."""
        with self._open:
            for block in self._read():
                if self.unreadable and not self._skips:
                    self.count_rest()
                    raise self.error()
                # The caller may have changed the mode of the model since the last block.
                self._model.eval(), self._criterion.eval()
                with inside(self._run):
                    predictions = self._predictions(block)
                yield predictions

    def head(self, rows: int) -> "pyarrow.Table":
        """Return the predictions for the first rows, without applying the model to others. Call it first, and once.

        Rows that cannot be read are null; `count_rest` raises the error for all.
        """
        import pyarrow

        found: list[pyarrow.RecordBatch] = []
        missing = rows
        for block in self._read():
            part = _first_rows(block, missing)
            self._model.eval(), self._criterion.eval()
            with inside(self._run):
                found.append(self._predictions(part))
            missing -= part.rows
            if missing <= 0:
                break
        return pyarrow.Table.from_batches(found, schema=self.schema)

    def count_rest(self) -> None:
        """Read the remaining rows without predicting: afterwards, `rows` is the number of all rows.

        Raises:
            UnreadableRowsError: If some rows cannot be read, unless they are to be skipped.

        """
        with self._open:
            for _ in self._read():
                pass
        if self.unreadable and not self._skips:
            raise self.error()

    def error(self) -> UnreadableRowsError:
        """Return the error for the rows that could not be read."""
        return UnreadableRowsError(self.problems, unreadable=self.unreadable, rows=self.rows)

    def _read(self) -> Iterator[RowBlock]:
        """Yield the blocks, and count their rows."""
        while True:
            if self._waiting:
                block: RowBlock | None = self._waiting.pop(0)
            else:
                with inside(self._run):
                    block = next(self._blocks, None)
            if block is None:
                return
            self.rows += block.rows
            self.unreadable += block.unreadable
            self.problems += block.problems[: MOST_PROBLEMS - len(self.problems)]
            yield block

    def _predictions(self, block: RowBlock) -> "pyarrow.RecordBatch":
        """Return the predictions for a block; null for the rows that cannot be read."""
        import pyarrow

        fields = list(self.schema)
        found: Mapping[str, Any] = {}
        if block.batch is not None:
            found = {column.name: column.values for column in columns_of(self._predict(block.batch), self._parts)}
            if found.keys() != {field.name for field in fields[len(self._keep) :]}:
                message = (
                    f"The model returns {len(found)} columns for the rows from {block.first} on, but "
                    f"{len(fields) - len(self._keep)} for other rows."
                )
                raise MismatchError(message, ("model",))
        if found:
            found = spread(found, block)
        values = {**block.kept, **found}
        arrays = [
            values[field.name].cast(field.type) if field.name in values else pyarrow.nulls(block.rows, field.type)
            for field in fields
        ]
        return pyarrow.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _predict(self, batch: Batch, *, with_truth: bool | None = None) -> dict[str, Predicted]:
        """Apply the model to the rows of a batch in parts, and return the predictions of each loss."""
        return predicted_batch(
            self._run,
            self._model,
            self._criterion,
            self._finished.data,
            batch,
            batch_size=self.batch_size,
            with_truth="truth" in self._parts if with_truth is None else with_truth,
        )

    def _example(self) -> list[PredictionColumn]:
        """Return the columns of the predictions for an example, without rows, and refuse parts that no loss offers."""
        example = self._finished.data.data(self._run.device).example
        first = next((block.batch for block in self._waiting if block.batch is not None), example)
        # A source may give single rows to a model that was trained with pairs.
        inputs = {name: rows for name, rows in example.inputs.items() if name in first.inputs}
        lengths = {name: rows for name, rows in example.lengths.items() if name in first.inputs}
        several = self._predict(Batch(inputs, lengths=lengths), with_truth=False)
        try:
            refuse_parts(several, self._parts)
        except ValueError as error:
            raise HooklineError(str(error)) from None
        for key, one in several.items():
            # True values have the types of predictions.
            true = one.predictions.argmax(dim=1) if one.kind == "classes" else one.predictions
            several[key] = evolve(one.at(slice(0, 0)), true_values=true[:0])
        return columns_of(several, self._parts)


def _first_rows(block: RowBlock, rows: int) -> RowBlock:
    """Return the first rows of a block."""
    if block.rows <= rows:
        return block
    is_readable = None if block.is_readable is None else block.is_readable[:rows]
    readable = rows if is_readable is None else int(is_readable.sum())
    batch = block.batch.slice(0, readable) if block.batch is not None and readable else None
    kept = {name: values[:rows] for name, values in block.kept.items()}
    return evolve(block, rows=rows, batch=batch, is_readable=is_readable, kept=kept)


def _parts(columns: Collection[str]) -> tuple[Part, ...]:
    """Return the parts with these names."""
    for name in columns:
        if name not in PARTS:
            near = did_you_mean(name, PARTS) or f" There are {enumerate_names(PARTS)}."
            raise HooklineError(f'There is no part "{name}" of predictions.{near}')
    return cast("tuple[Part, ...]", tuple(dict.fromkeys(columns)))


def _schema(columns: Sequence[PredictionColumn], keep: Sequence[str], first: Sequence[RowBlock]) -> "pyarrow.Schema":
    """Return the schema: the columns that are kept, then the predictions. Refuse columns with the same name."""
    import pyarrow

    names = [column.name for column in columns]
    if both := [name for name in keep if name in names]:
        raise HooklineError(
            f"The predictions have a column {enumerate_names(both)}, which is also among the columns to keep: rename "
            "that of the input, or do not keep it."
        )
    kept = first[0].kept if first else {}
    types = {name: kept[name].type if name in kept else pyarrow.string() for name in keep}
    return pyarrow.schema([*types.items(), *((column.name, column.values.type) for column in columns)])
