"""Tables of comma-separated values."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline import (
    Columns,
    Data,
    DataError,
    DataSpec,
    LossSpec,
    Numbers,
    OptionError,
    Run,
    did_you_mean,
    in_memory,
    option,
    spec,
)
from hookline_data import splits
from hookline_data.columns import chosen, column_names, numbers, read, refuse_text, values

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@spec
class CSV(DataSpec):
    """A file with a header and a row for each example, held in memory as float32.

    The target's cells may be text: they are then the names of classes, which are sorted and counted from 0.
    """

    path: Path
    """The file, relative to the spec."""
    inputs: str | tuple[str, ...] = "*"
    """The columns that the model is given, by names or patterns such as `pixel_*`; `*` is all others."""
    targets: str | tuple[str, ...]
    """The column, or columns, that it is to predict."""
    shape: tuple[int, ...] | None = option(default=None, minimum=1)
    """The shape of a row of inputs, such as `[1, 8, 8]` for an image in 64 columns; left out, one dimension."""
    standardize: bool = False
    """Whether each input column gets mean 0 and variance 1, by the statistics of the training split."""
    validation: float | Path = option(default=0.0, minimum=0, below=1)
    """The fraction of rows that the model is judged by after each epoch, or a file with such rows."""
    test: float | Path = option(default=0.0, minimum=0, below=1)
    """The fraction of rows that the model is judged by at the end, or a file with such rows."""
    stratify: bool = False
    """Whether fractions are taken of each class by itself."""
    split_seed: int = option(default=0, minimum=0)
    """What decides which rows are in which split; the run's seed does not, so that runs can be compared."""
    split_column: str | None = None
    """A column that says of each row whether it is for "training", "validation" or "test"."""

    def __attrs_post_init__(self) -> None:
        fractions = [part for part in (self.validation, self.test) if isinstance(part, float)]
        if sum(fractions) >= 1:
            raise OptionError(
                "validation", "With the `test` fraction it takes all rows, and none are left for training."
            )
        if self.split_column is not None and (any(fractions) or len(fractions) < 2):
            raise OptionError(
                "split_column", "The column says which split a row is in: `validation` and `test` do not."
            )
        if self.stratify and not any(fractions):
            raise OptionError("stratify", "Only fractions can be stratified: give `validation` or `test` as a number.")

    def prepare(self, run: Run, loss: LossSpec) -> Data:
        """Read, split, standardise and encode."""
        import torch

        names = column_names(self.path)
        target_columns = chosen(_several(self.targets), names, (), self.path)
        if self.split_column is not None and self.split_column not in names:
            near = did_you_mean(self.split_column, names)
            raise DataError(f'{self.path}: There is no column "{self.split_column}".{near}')
        others = [*target_columns, *_several(self.split_column or ())]
        input_columns = chosen(_several(self.inputs), names, others, self.path)
        if not input_columns:
            raise DataError(f"{self.path}: No column is left for the inputs.")

        raw_inputs, raw_targets = self._split(input_columns, target_columns, loss)
        inputs = {split: torch.from_numpy(matrix) for split, matrix in raw_inputs.items()}
        preparation: dict[str, Any] = {"columns": input_columns}
        if self.standardize:
            preparation |= _standardized(inputs)
        if self.shape is not None:
            inputs = {split: self._shaped(rows) for split, rows in inputs.items()}
            preparation["shape"] = list(self.shape)
        return in_memory(
            self,
            run,
            loss,
            {split: {"input": rows} for split, rows in inputs.items()},
            {split: {"target": columns} for split, columns in raw_targets.items()},
            preparation=preparation,
            source=str(self.path),
        )

    def _split(
        self, input_columns: list[str], target_columns: list[str], loss: LossSpec
    ) -> "tuple[dict[str, NDArray[Any]], dict[str, Columns]]":
        """The inputs and the target columns of each split, as they stand in the files."""
        others = [*target_columns, *_several(self.split_column or ())]
        inputs, columns = _read(self.path, input_columns, others)
        if isinstance(loss.encoding, Numbers):
            for name in target_columns:
                refuse_text(columns[name], name, self.path, type(loss).__name__)
        try:
            if self.split_column is not None:
                rows = splits.by_column(columns[self.split_column], self.split_column)
            else:
                rows = splits.by_fraction(
                    len(inputs),
                    self.validation if isinstance(self.validation, float) else 0.0,
                    self.test if isinstance(self.test, float) else 0.0,
                    self.split_seed,
                    columns[target_columns[0]] if self.stratify else None,
                )
        except DataError as error:
            raise DataError(f"{self.path}: {error}") from None
        split_inputs = {split: inputs[chosen_rows] for split, chosen_rows in rows.items()}
        split_columns: dict[str, Columns] = {
            split: {name: columns[name][chosen_rows] for name in target_columns} for split, chosen_rows in rows.items()
        }
        text = {name for name, cells in columns.items() if cells.dtype.kind == "U"}
        for split, source in (("validation", self.validation), ("test", self.test)):
            if isinstance(source, Path):
                chosen([*input_columns, *target_columns], column_names(source), (), source)
                split_inputs[split], split_columns[split] = _read(source, input_columns, target_columns, text)
        return split_inputs, split_columns

    def _shaped(self, rows: "Tensor") -> "Tensor":
        import math

        assert self.shape is not None
        if math.prod(self.shape) != rows.shape[1]:
            raise DataError(
                f"{self.path}: {rows.shape[1]} input columns do not make a row of the shape {list(self.shape)}, "
                f"which has {math.prod(self.shape)} numbers."
            )
        return rows.reshape(-1, *self.shape)


def _read(
    path: Path, numeric: list[str], others: list[str], text: Collection[str] = ()
) -> "tuple[NDArray[Any], Columns]":
    """The numeric columns as a matrix, and the others each by itself, those of `text` as text in any case."""
    table = read(path, numeric, others)
    if not table.num_rows:
        raise DataError(f"{path}: The file has a header and no rows.")
    return numbers(table, numeric, path), {name: values(table, name, path, as_text=name in text) for name in others}


def _several(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def _standardized(inputs: "dict[str, Tensor]") -> dict[str, Any]:
    """Change the inputs in place to mean 0 and variance 1 in the training split, and return its statistics.

    The statistics are computed in float64 and used as float32, as they are deployed. A column that is constant in
    training is only moved to 0.
    """
    import torch

    std, mean = torch.std_mean(inputs["training"].double(), dim=0, correction=0)
    std = torch.where(std == 0, 1.0, std).float()
    mean = mean.float()
    for rows in inputs.values():
        rows.sub_(mean).div_(std)
    return {"mean": mean.tolist(), "std": std.tolist()}
