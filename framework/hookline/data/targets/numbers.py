"""Targets that are numbers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.data.targets.encoding import (
    Columns,
    Encoding,
    Target,
    ejected_matrix,
    is_a_number,
    is_numeric,
    matrix,
    refuse_numbers,
    refuse_text,
)
from hookline.errors.exceptions import DataError
from hookline.errors.text import quoted_cell

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script.script import Script


@frozen
class Numbers(Encoding):
    """Any numbers: float64 of shape `(N, columns)`. A dense target, such as an image, keeps its shape."""

    minimum: float | None = None
    """The smallest number that the loss accepts."""

    def is_dense(self, cells: "NDArray[Any]") -> bool:
        """Whether a row has more than one dimension, such as an image."""
        return cells.ndim > 2

    def common(self, other: Encoding) -> Encoding | None:
        """Return the stricter of two encodings of numbers."""
        if not isinstance(other, Numbers):
            return None
        minima = [one.minimum for one in (self, other) if one.minimum is not None]
        return Numbers(max(minima, default=None))

    def learn(self, columns: Columns, loss: str) -> Target:
        """Check that all columns are numbers."""
        for column, cells in columns.items():
            if not is_numeric(cells):
                text = next(cell for cell in cells.tolist() if not is_a_number(cell))
                raise DataError(
                    f'The target column "{column}" is text ({quoted_cell(text)}), but {loss} needs numbers.',
                    columns=[column],
                )
        cells = next(iter(columns.values()))
        return Target(columns=tuple(columns), shape=cells.shape[1:] if len(columns) == 1 else ())

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """Return the numbers unchanged."""
        refuse_text(columns, split)
        if self.minimum is not None:
            wrong = {column: cells < self.minimum for column, cells in columns.items()}
            refuse_numbers(columns, wrong, f"{loss} needs numbers of at least {self.minimum:g}.")
        return matrix(columns)

    def eject(self, script: "Script", columns: Mapping[str, str], known: Target, training: str) -> str:
        """Return the numbers in the type of the run."""
        if len(columns) == 1 and len(known.shape) > 1:
            return f"torch.from_numpy({next(iter(columns.values()))}.astype(np.{script.dtype}))"
        return ejected_matrix(script, columns)
