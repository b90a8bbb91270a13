"""Predictions of a finished run for new rows, block by block, so that memory does not grow with their number."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from hookline.data.batches import Batch
from hookline.data.new_rows import RowBlock
from hookline.errors.argument_error import refuse_unless_positive
from hookline.errors.exceptions import DataError, HooklineError, MismatchError, UnreadableRowsError
from hookline.errors.text import as_list, enumerate_names
from hookline.spec.objective.predicted import Predicted
from hookline.spec.objective.prediction_columns import PredictionColumn, refuse_parts
from hookline.trained.prediction_table import known_truth, parts_of, schema_of, with_any_truth
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
        columns, keep = as_list(columns), as_list(keep)
        self._parts = parts_of(columns)
        always = finished.spec.data.always_kept
        refuse_unless_positive("batch_size", batch_size)
        self.batch_size: int = default_batch_size(finished) if batch_size is None else batch_size
        """The number of rows to which the model is applied at once."""
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
                    keep=tuple(dict.fromkeys((*always, *keep))),
                )
                closing.callback(getattr(self._blocks, "close", bool))
                self._waiting: list[RowBlock] = []
                for block in self._blocks:
                    self._waiting.append(block)
                    if block.batch is not None:
                        break
                kept = self._waiting[0].kept if self._waiting else {}
                if lacking := [name for name in keep if name in always and name not in kept]:
                    raise DataError(f"The rows have no column {enumerate_names(lacking)}.", columns=lacking)
                self._keep = tuple(dict.fromkeys((*(name for name in always if name in kept), *keep)))
                of_example = self._example()
            self._truth = [column.name for column in of_example if column.what == "truth"]
            self.schema: pyarrow.Schema = schema_of(of_example, self._keep, self._waiting[:1])
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
            part = block.first_rows(missing)
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
            has_truth = bool(self._truth and block.batch.targets)
            several = self._predict(block.batch, with_truth=has_truth)
            if self._truth and not has_truth:  # No row of the block has a target.
                several = {key: with_any_truth(one) for key, one in several.items()}
            found = {column.name: column.values for column in columns_of(several, self._parts)}
            found |= known_truth(block, self._truth, found)
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

    def _predict(self, batch: Batch, *, with_truth: bool) -> dict[str, Predicted]:
        """Apply the model to the rows of a batch in parts, and return the predictions of each loss."""
        return predicted_batch(
            self._run,
            self._model,
            self._criterion,
            self._finished.data,
            batch,
            batch_size=self.batch_size,
            with_truth=with_truth,
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
        return columns_of({key: with_any_truth(one.at(slice(0, 0))) for key, one in several.items()}, self._parts)
