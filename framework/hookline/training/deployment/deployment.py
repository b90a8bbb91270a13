"""What a deployment target needs of a trained model, whether its training has just ended or is long over."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy, deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import define, field

from hookline.data.batches import Batch, Data
from hookline.data.description import DataDescription
from hookline.data.examples import prepared_batch, prepared_examples
from hookline.data.new_rows import RowBlock
from hookline.errors.exceptions import DeploymentError
from hookline.plugins.stages import Run
from hookline.plugins.weights import Weights
from hookline.runs import devices
from hookline.spec.families.raw_inputs import RawInputs
from hookline.spec.objective.prediction_columns import PARTS
from hookline.spec.training import TrainingSpec
from hookline.training.predictions import columns_of, predicted_batch, spread
from hookline.training.run_setup import inside

if TYPE_CHECKING:
    import pyarrow
    from torch import nn

BATCH_SIZE = 32
"""The number of example rows to which the model in memory is applied at once."""


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
    ) -> "Deployment":
        """Return a deployment of a run whose data is at hand."""
        examples = prepared_examples(data) if data.examples is None else data.examples
        description = DataDescription.of(data)
        return cls.of(run, description, model, criterion, examples=examples, metrics=metrics, weights=weights)

    @property
    def spec(self) -> TrainingSpec:
        """The spec that was trained."""
        return self.run.spec

    @cached_property
    def raw_inputs(self) -> RawInputs:
        """What a deployed model takes, such as the columns of a table."""
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
    def expected(self) -> "Mapping[str, pyarrow.Array]":
        """All parts of the predictions of the model in memory for the example rows: see `predictions`."""
        return self.predictions(self.model, self.criterion)

    def predictions(self, model: "nn.Module", criterion: "nn.Module") -> "Mapping[str, pyarrow.Array]":
        """Return all parts of the predictions for the example rows as columns by name; null for rows that are refused.

        Args:
            model: the model, such as one that was read back.
            criterion: its loss.

        """
        import pyarrow

        parts = tuple(part for part in PARTS if part != "truth")
        tables: list[pyarrow.Table] = []
        for block in self.blocks:
            if block.batch is None:
                tables.append(pyarrow.table({"": pyarrow.nulls(block.rows)}))
                continue
            several = predicted_batch(self.run, model, criterion, self.data, block.batch, batch_size=BATCH_SIZE)
            columns = {column.name: column.values for column in columns_of(several, parts)}
            tables.append(pyarrow.table(dict(spread(columns, block))))
        joined = pyarrow.concat_tables(tables, promote_options="default").combine_chunks()
        return {name: joined.column(name).combine_chunks() for name in joined.column_names if name}
