"""A trained model with everything that a deployment target needs, directly after its training or later."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy, deepcopy
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field

from hookline.data.batches import Batch
from hookline.data.data import Data
from hookline.data.description import DataDescription
from hookline.data.examples import prepared_batch, prepared_examples
from hookline.data.new_rows import RowBlock
from hookline.errors.exceptions import DeploymentError
from hookline.plugins.stages import Run
from hookline.plugins.weights import Weights
from hookline.runs import devices
from hookline.runs.directory import copy_run
from hookline.spec.families.raw_inputs import RawInputs
from hookline.spec.objective.prediction_values import PARTS
from hookline.spec.training import TrainingSpec
from hookline.training.deployment.signature import Signature, arguments_of, few_rows
from hookline.training.predictions import columns_of, predicted_batch, spread
from hookline.training.run_setup import inside

if TYPE_CHECKING:
    import pyarrow
    from torch import nn

BATCH_SIZE = 32
"""The number of example rows to which the model in memory is applied at once."""

PREDICTED = tuple(part for part in PARTS if part != "truth")
"""All parts of the predictions of a model."""


@define(kw_only=True, eq=False, slots=False)
class Deployment:
    """A trained model and everything that its predictions depend on, on the CPU."""

    run: Run
    """The run, whose stages can be called inside `opened`."""
    data: DataDescription
    """The description of the data, with the preparation of the inputs and the classes of the targets."""
    model: "nn.Module"
    """The trained model, in evaluation mode."""
    criterion: "nn.Module"
    """The loss, with its trained parameters if it has any, in evaluation mode."""
    examples: Any
    """Example rows: what `DataSpec.open_rows` takes, or a `Batch` of prepared rows."""
    metrics: Mapping[str, float] = field(factory=dict)
    """The loss and metrics by split and name: `{"test/loss": …}`."""
    weights: Weights | None = None
    """Which weights the model has."""
    directory: Path | None = None
    """The directory of the run; `None` before training."""

    @classmethod
    def of(
        cls,
        run: Run,
        data: DataDescription,
        model: "nn.Module",
        criterion: "nn.Module",
        *,
        examples: Any,
        metrics: Mapping[str, float] | None = None,
        weights: Weights | None = None,
        directory: Path | None = None,
    ) -> "Deployment":
        """Return a deployment on the CPU. Modules on another device are copied.

        Args:
            run: the run.
            data: the description of its data.
            model: the trained model.
            criterion: the trained loss.
            examples: example rows, as they are kept with a run: a table, or arrays by name.
            metrics: the loss and metrics.
            weights: which weights the model has.
            directory: the directory of the run.

        """
        import torch

        if run.device.type != "cpu":
            run, model, criterion = copy(run), deepcopy(model).cpu(), deepcopy(criterion).cpu()
            run.device = torch.device("cpu")
        if not data.has_raw_examples:
            examples = prepared_batch(examples, {name: group.padded for name, group in data.inputs.items()})
        return cls(
            run=run,
            data=data,
            model=model.eval(),
            criterion=criterion.eval(),
            examples=examples,
            metrics=metrics or {},
            weights=weights,
            directory=directory,
        )

    @classmethod
    def of_data(
        cls,
        run: Run,
        data: Data,
        model: "nn.Module",
        criterion: "nn.Module",
        *,
        metrics: Mapping[str, float] | None = None,
        weights: Weights | None = None,
        directory: Path | None = None,
    ) -> "Deployment":
        """Return a deployment of a run whose data is at hand."""
        examples = prepared_examples(data) if data.examples is None else data.examples
        description = DataDescription.of(data)
        known: dict[str, Any] = {"metrics": metrics, "weights": weights, "directory": directory}
        return cls.of(run, description, model, criterion, examples=examples, **known)

    def write_run(self, directory: Path) -> None:
        """Write a finished run to a directory, without rows of the data: what `hookline.open_run` needs."""
        assert self.directory is not None, "The run has been trained."
        copy_run(self.directory, directory, self.model, self.criterion)

    @property
    def spec(self) -> TrainingSpec:
        """The spec that was trained."""
        return self.run.spec

    @cached_property
    def raw_inputs(self) -> RawInputs:
        """What a deployed model takes, such as the columns of a table."""
        if isinstance(self.examples, Batch):
            return RawInputs(self.data)
        return self.spec.data.raw_inputs(self.data, self.run.objective)

    @cached_property
    def rows(self) -> Any:
        """The example rows, followed by copies with unseen categories and missing cells."""
        return self.raw_inputs.variants(self.examples)

    @contextmanager
    def opened(self) -> Iterator[Run]:
        """Set the random numbers and the default dtype of the run, so that its stages can be called."""
        import torch

        with inside(self.run), torch.no_grad(), devices.uncompiled():
            yield self.run

    @cached_property
    def blocks(self) -> list[RowBlock]:
        """The example rows, prepared for the model."""
        if isinstance(self.rows, Batch):
            return [RowBlock(first=1, rows=self.rows.rows, batch=self.rows)]
        return list(self.spec.data.open_rows(self.rows, self.data, self.run.objective))

    @property
    def batch(self) -> Batch:
        """The first example rows that the model can take, at most `BATCH_SIZE`.

        Raises:
            DeploymentError: If there is no such row.

        """
        batch = next((block.batch for block in self.blocks if block.batch is not None), None)
        if batch is None:
            raise DeploymentError("The run has no example row that its model can take.")
        # A copy, since a layer with `inplace` overwrites its input.
        return batch.slice(0, BATCH_SIZE).changed(lambda tensor: tensor.clone())

    @cached_property
    def signature(self) -> Signature:
        """The arguments and outputs of the model with its prediction, for some of the example rows."""
        batch = few_rows(self.batch)
        return self._signature(batch, batch)

    @cached_property
    def raw_signature(self) -> Signature:
        """The same for a model that also finishes its inputs: see `RawInputs.finished`."""
        unfinished = self.raw_inputs.unfinished(self.rows)
        if unfinished is None:
            return self.signature
        batch = few_rows(unfinished)
        return self._signature(batch, self.finished(batch))

    def finished(self, batch: Batch) -> Batch:
        """Return a batch as the model takes it, given the tensors of `raw_signature`."""
        return Batch(self.raw_inputs.finished(batch.inputs), lengths=batch.lengths)

    def _signature(self, arguments: Batch, batch: Batch) -> Signature:
        given = arguments_of(arguments)
        samples = predicted_batch(self.run, self.model, self.criterion, self.data, batch, batch_size=batch.rows)
        return Signature(arguments=list(given), example=list(given.values()), samples=samples)

    @cached_property
    def expected(self) -> "Mapping[str, pyarrow.Array]":
        """All parts of the predictions of the model in memory for the example rows: see `predictions`."""
        return self.predictions(self.model, self.criterion)

    def predictions(self, model: "nn.Module", criterion: "nn.Module") -> "Mapping[str, pyarrow.Array]":
        """Return all parts of the predictions for the example rows as columns by name; null for rows that are refused.

        Args:
            model: the model, such as one that was read back.
            criterion: its loss.

        """

        def predict(batch: Batch) -> "Mapping[str, pyarrow.Array]":
            found = predicted_batch(self.run, model, criterion, self.data, batch, batch_size=batch.rows)
            return {column.name: column.values for column in columns_of(found, PREDICTED)}

        return self.predictions_by(predict)

    def predictions_by(
        self, predict: "Callable[[Batch], Mapping[str, pyarrow.Array]]"
    ) -> "Mapping[str, pyarrow.Array]":
        """Return what a function predicts for the example rows as columns by name; null for rows that are refused.

        Args:
            predict: takes a batch of prepared rows, and returns columns by name. It gets a single row first, and then
                `BATCH_SIZE` rows at once, since the last bits may depend on the number of rows.

        """
        import pyarrow

        tables: list[pyarrow.Table] = []
        for block in self.blocks:
            if block.batch is None:
                tables.append(pyarrow.table({"": pyarrow.nulls(block.rows)}))
                continue
            begins = [0, *range(1, block.batch.rows, BATCH_SIZE), block.batch.rows]
            several = [
                # A copy, since a layer with `inplace` overwrites its input.
                pyarrow.table(dict(predict(block.batch.slice(start, stop).changed(lambda tensor: tensor.clone()))))
                for start, stop in pairwise(begins)
                if start < stop
            ]
            joined = pyarrow.concat_tables(several).combine_chunks()
            found = {name: joined.column(name).combine_chunks() for name in joined.column_names}
            tables.append(pyarrow.table(dict(spread(found, block))))
        whole = pyarrow.concat_tables(tables, promote_options="default").combine_chunks()
        return {name: whole.column(name).combine_chunks() for name in whole.column_names if name}
