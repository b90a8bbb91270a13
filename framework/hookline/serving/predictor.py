"""Predict rows of JSON with a finished run that stays open, those of several requests at once."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from hookline.data.batches import Batch
from hookline.data.json_rows.row_field import RowField
from hookline.data.json_rows.texts import json_objects
from hookline.data.new_rows import RowBlock
from hookline.errors.exceptions import HooklineError, UnreadableRowsError
from hookline.serving.example import example_rows
from hookline.serving.prediction_texts import PredictionTexts
from hookline.spec.objective.predicted import Predicted
from hookline.spec.objective.prediction_columns import PredictionColumn
from hookline.trained.trained_model import default_batch_size, rows_per_block
from hookline.training.predictions import columns_of, predicted_batch
from hookline.training.run_setup import inside

if TYPE_CHECKING:
    from hookline.trained.finished_run import FinishedRun

MOST_PROBLEMS = 10
"""The largest number of unreadable rows that a message lists, as for `hookline predict`."""


class Predictor:
    """A finished run that predicts rows of JSON: see `Served`. Only one thread may use it at a time."""

    def __init__(self, finished: "FinishedRun"):
        """Open the run, build its model, and predict an example.

        Raises:
            HooklineError: If rows of JSON cannot be predicted.

        """
        self.finished, self._open = finished, ExitStack()
        self.name = finished.spec.run.name
        """The name of the run."""
        self.about = f"The run {self.name}, weights of epoch {finished.weights.epoch}."
        """A sentence about the model."""
        self.titles: Mapping[str, str] = {
            name: " and ".join(one.columns[:3]) for name, one in finished.data.targets.items()
        }
        """The columns of each target, to be shown."""
        self.batch_size = default_batch_size(finished)
        """The number of rows to which the model is applied at once, as for `hookline predict`."""
        self.are_alike = not any(group.padded for group in finished.data.inputs.values())
        """Whether a row is prepared in the same way beside any others: sequences are padded to the longest one."""
        with self._open as closing:
            with finished.opened(closed_by=closing) as run:
                self._run = run
                self._model, self._criterion = finished.model.eval(), finished.criterion.eval()
                source = finished.spec.data
                self.fields: Sequence[RowField] = tuple(source.row_fields(finished.data, run.objective))
                """The cells of a row."""
            self.kept = [field.name for field in self.fields if not field.is_needed]
            """The columns that are copied to the predictions, such as ids."""
            self._few = source.few_rows(finished.data, run.objective, self.kept)
            self.example: Mapping[str, Any] | None = None
            """A row that can be predicted, if one is known."""
            self.outputs: Sequence[PredictionColumn] = self._try_examples()
            """The columns of the predictions, for any row."""
            self._texts = PredictionTexts(self.outputs)
            self._open = closing.pop_all()

    def close(self) -> None:
        """Close the resources of the run."""
        self._open.close()

    def few(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[RowBlock] | None:
        """Return few rows, prepared for the model; `None` if they need `prepared`."""
        block = None if self._few is None else self._few(rows)
        return None if block is None else [block]

    def prepared(self, rows: Sequence[Mapping[str, Any]]) -> list[RowBlock]:
        """Return rows, prepared for the model.

        Raises:
            DataError: If they cannot be read; an `UnreadableRowsError` lists single ones.

        """
        run, finished = self._run, self.finished
        with inside(run):
            source = finished.spec.data.rows_of_json(rows, finished.data, run.objective)
            size = rows_per_block(finished, self.batch_size)
            opened = finished.spec.data.open_rows(
                source, finished.data, run.objective, rows_per_block=size, keep=self.kept
            )
            blocks = list(opened)
        if unreadable := sum(block.unreadable for block in blocks):
            problems = [problem for block in blocks for problem in block.problems][:MOST_PROBLEMS]
            raise UnreadableRowsError(problems, unreadable=unreadable, rows=len(rows))
        return blocks

    def predicted(self, blocks: Sequence[RowBlock], joined_rows: int) -> list[list[str]]:
        """Return the predictions for each block as JSON: an object for each row.

        The model is applied to several blocks at once if they have the same shapes.

        Args:
            blocks: prepared rows.
            joined_rows: the largest number of rows of different blocks.

        """
        found: dict[int, list[str]] = {}
        for places in _together(blocks, min(joined_rows, self.batch_size)):
            own = [blocks[place] for place in places]
            lines = self._lines(own)
            ends = list(accumulate(block.rows for block in own))
            for place, block, end in zip(places, own, ends, strict=True):
                found[place] = _with_kept(block, lines[end - block.rows : end])
        return [found[place] for place in range(len(blocks))]

    def _lines(self, blocks: Sequence[RowBlock]) -> list[str]:
        """Return the predictions for blocks of the same shapes, without the columns that are kept."""
        batches = [block.batch for block in blocks if block.batch is not None]
        return self._texts(self._predicted(batches[0] if len(batches) == 1 else _joined(batches)))

    def _predicted(self, batch: Batch) -> Mapping[str, Predicted]:
        with inside(self._run):
            return predicted_batch(
                self._run, self._model, self._criterion, self.finished.data, batch, batch_size=self.batch_size
            )

    def _try_examples(self) -> Sequence[PredictionColumn]:
        """Predict an example that the run takes, and return the columns of the predictions.

        Raises:
            HooklineError: If no row can be predicted.

        """
        batch = self.finished.data.data(self._run.device).example
        needed = [field for field in self.fields if field.is_needed]
        try:
            for row in example_rows(self.finished, needed):
                with suppress(UnreadableRowsError):
                    [block] = self.prepared([row])
                    assert block.batch is not None
                    batch, self.example = block.batch, row
                    break
        except HooklineError as error:
            kind = type(self.finished.spec.data).__name__
            raise HooklineError(
                f"{self.finished.directory}: The run cannot be served, because its data source, {kind}, does not take "
                f"rows of JSON. {error}"
            ) from error
        return columns_of(self._predicted(batch.slice(0, 1)))


def _together(blocks: Sequence[RowBlock], most: int) -> list[list[int]]:
    """Return the places of blocks to which the model is applied at once, at most `most` rows unless a block has more.

    They have the same shapes, so that none is padded because of another.
    """
    groups: list[list[int]] = []
    open_groups: dict[Any, tuple[list[int], int]] = {}
    for place, block in enumerate(blocks):
        assert block.batch is not None, "All rows are readable."
        key = tuple((name, tensor.dtype, tensor.shape[1:]) for name, tensor in block.batch.inputs.items())
        group, rows = open_groups.get(key, ([], 0))
        if not group or rows + block.rows > most:
            group, rows = [], 0
            groups.append(group)
        group.append(place)
        open_groups[key] = group, rows + block.rows
    return groups


def _joined(batches: Sequence[Batch]) -> Batch:
    """Return the rows of batches with the same shapes as one batch."""
    import torch

    first = batches[0]
    return Batch(
        {name: torch.cat([batch.inputs[name] for batch in batches]) for name in first.inputs},
        lengths={name: torch.cat([batch.lengths[name] for batch in batches]) for name in first.lengths},
    )


def _with_kept(block: RowBlock, lines: list[str]) -> list[str]:
    """Return predictions with the columns of the rows that are kept, such as ids, in front."""
    import pyarrow

    if not block.kept:
        return lines
    kept = json_objects(pyarrow.RecordBatch.from_arrays(list(block.kept.values()), names=list(block.kept)))
    return [f"{first[:-1]}, {rest[1:]}" for first, rest in zip(kept, lines, strict=True)]
