"""What all encodings have in common."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors.exceptions import DataError
from hookline.errors.text import enumerate_names

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

Columns = Mapping[str, "NDArray[Any]"]
"""Target columns by name: arrays of the length of the rows, of numbers or text."""


MISSING_MARKS = (
    *("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN"),
    *("null", "Null", "NULL", "None", "?", "-", "."),
)
"""What is written in the place of a value that is missing: it is neither a number nor the name of a class.

"none" is not among them: it is a common name of a class. Among numbers it is an error all the same.
"""


@frozen(kw_only=True)
class Target:
    """What is known of a target."""

    columns: tuple[str, ...]
    """The columns of the source that it comes from."""
    classes: tuple[str | int, ...] | None = None
    """The names of the classes, in the order of their indices; `None` if the target is a number."""


class Encoding:
    """How a target is told to a loss."""

    def common(self, other: "Encoding") -> "Encoding | None":
        """The one that tells a target to two losses, of which each has one of these; `None` if there is none."""
        return self if self == other else None

    def learn(self, columns: Columns, loss: str) -> Target:
        """What the training rows say about the target, such as the names of the classes.

        Raises:
            DataError: if the columns are not what the loss, which is called `loss`, can be given.

        """
        raise NotImplementedError

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """The columns of a split as a tensor, a row for each of theirs.

        Raises:
            DataError: if they are not as they were in training.

        """
        raise NotImplementedError


def matrix(columns: Columns) -> "Tensor":
    """The columns beside one another, as float64: the data is cast to the type of the run."""
    import numpy
    import torch

    return torch.from_numpy(numpy.column_stack(list(columns.values())).astype(numpy.float64))


def refuse_text(columns: Columns, split: str) -> None:
    """Raise a `DataError` if a column that has numbers in training has text here."""
    for column, cells in columns.items():
        if not is_numeric(cells):
            raise DataError(
                f'The target column "{column}" has text in the {split} split, and numbers in training.',
                columns=[column],
            )


def is_a_number(text: str) -> bool:
    """Whether the text says a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_numeric(cells: "NDArray[Any]") -> bool:
    """Whether the cells are numbers."""
    return cells.dtype.kind in "iuf"


def one_class(column: str, classes: Sequence[object]) -> DataError:
    """The error that says that there are no two classes to tell apart."""
    return DataError(
        f'The target column "{column}" is {enumerate_names(classes)} in all training rows: two classes are needed.',
        columns=[column],
    )
