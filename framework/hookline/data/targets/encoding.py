"""The base class of all encodings."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from attrs import field, frozen

from hookline.errors.exceptions import DataError
from hookline.errors.text import enumerate_names
from hookline.errors.unfit import UnfitCells, UnfitTargetsError
from hookline.script.written import cannot_be_written

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script.script import Script

NEW_ROWS = "new"
"""What `Encoding.apply` takes instead of the name of a split for rows that are not those of the run."""

Columns = Mapping[str, "NDArray[Any]"]
"""Target columns by name: arrays of numbers or strings, with one element per row.

Text may also be `TextCells`: see `Encoding.takes_text_cells`.
"""


@frozen(kw_only=True)
class Target:
    """What the training rows say about a target."""

    columns: tuple[str, ...]
    """The columns of the source that contain the target."""
    classes: tuple[str | int, ...] | None = None
    """The class names, in the order of their indices; `None` if the target is not a class."""
    shape: tuple[int, ...] = ()
    """The shape of a row of a dense target, such as `(steps,)` or `(height, width)`; empty for one value per column."""
    transforms: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    """How the numbers of a column are transformed for the loss, by column, as JSON-compatible values: the kind, its
    options and what it knows about the training rows. Predictions are transformed back: see `DataSpec.in_unit_of`."""
    counts: tuple[int, ...] | None = None
    """How many training rows have each class, in the order of the classes. Of labels in several columns, how many
    training rows have each label. `None` for numbers and probabilities, or if the source does not count."""
    rows: int | None = None
    """The number of training rows, if they are counted."""


Kind = Literal["classes", "labels", "numbers", "sequences"]


class Encoding:
    """How a target is encoded for a loss."""

    kind: ClassVar[Kind] = "numbers"
    """What the encoded target consists of: "classes", one of several for each row; "labels", each of which holds or
    not; "numbers"; or "sequences" of classes. It determines which metrics can evaluate the predictions of the
    loss."""
    takes_text_cells: ClassVar[bool] = False
    """Whether `learn` and `apply` take text as `TextCells`, too. Otherwise they get a NumPy array."""

    def common(self, other: "Encoding") -> "Encoding | None":
        """Return an encoding that suits both this loss and another one, or `None` if there is none."""
        return self if self == other else None

    def is_dense(self, cells: "NDArray[Any]") -> bool:
        """Whether an array of several values per row, `(N, …)`, is a single target with a value per element.

        Such as the class of each step `(N, steps)` or pixel `(N, height, width)`, or an image. Otherwise the array must
        have two dimensions, and its columns are as many target columns.
        """
        return False

    def with_classes(self, classes: Sequence[str | int], loss: str) -> "Encoding":
        """Return the encoding with these classes, in this order, instead of those that occur in the training rows.

        Raises:
            ValueError: If it has no classes.

        """
        raise ValueError(f"{loss} does not take classes from one column, so `classes` cannot be set.")

    def learn(self, columns: Columns, loss: str) -> Target:
        """Fit the encoding on the training rows, for example to collect the class names.

        If the rows are streamed, these are only some of them: each class, and each character of sequences, is in one of
        them, and of numbers, the smallest and the largest one.

        Raises:
            DataError: If the columns do not suit the loss, whose name is `loss`.

        """
        raise NotImplementedError

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """Encode the columns of a split, or of `NEW_ROWS`, as a tensor with one row per row of data.

        Raises:
            UnfitTargetsError: If some rows do not match the training rows. It says which, so that the others of
                `NEW_ROWS` can be encoded.
            DataError: If the columns as a whole do not match them.

        """
        raise NotImplementedError

    def eject(self, script: "Script", columns: Mapping[str, str], known: Target, training: str) -> str:
        """Return an expression of the encoded tensor of all rows, for `hookline eject`.

        Args:
            script: takes the lines that learn something from the training rows, in the section "prepare".
            columns: the cells of all rows of each column, NumPy arrays, as code.
            known: what the training rows say about the target.
            training: the indices of the training rows, as code.

        """
        raise cannot_be_written(f"{type(self).__name__} has no lines of torch.")


def ejected_matrix(script: "Script", columns: Mapping[str, str]) -> str:
    """Return an expression of `matrix`, in the type of the run."""
    dtype = f"np.{script.dtype}"
    if len(columns) > 1:
        return f"torch.from_numpy(np.column_stack([{', '.join(columns.values())}]).astype({dtype}))"
    [cells] = columns.values()
    return f"torch.from_numpy({cells}.astype({dtype})).reshape(len({cells}), -1)"


def matrix(columns: Columns) -> "Tensor":
    """Return the columns as a matrix of float64, which is cast to the run's dtype later; a dense target as it is."""
    import numpy
    import torch

    if len(columns) == 1 and (dense := next(iter(columns.values()))).ndim > 2:
        return torch.from_numpy(dense.astype(numpy.float64))
    return torch.from_numpy(numpy.column_stack(list(columns.values())).astype(numpy.float64))


def rows_of(split: str) -> str:
    """Name the rows of a split, or new rows, in a message."""
    return "the new rows" if split == NEW_ROWS else f"the {split} split"


def refuse_text(columns: Columns, split: str) -> None:
    """Raise a `DataError` if a column has text here, but numbers in training."""
    for column, cells in columns.items():
        if not is_numeric(cells):
            raise DataError(
                f'The target column "{column}" has text in {rows_of(split)}, but numbers in the training split.',
                columns=[column],
            )


def refuse_numbers(columns: Columns, wrong: Columns, wanted: str) -> None:
    """Raise an `UnfitTargetsError` for numbers that a loss cannot take.

    Args:
        columns: the columns.
        wrong: which of their numbers are wrong, by column, in the same shape.
        wanted: what the loss needs, to complete a sentence.

    """
    unfit: dict[str | None, UnfitCells] = {}
    first = ""
    for column, is_wrong in wrong.items():
        if not is_wrong.any():
            continue
        cells = columns[column]
        first = first or f'The target column "{column}" has {cells[is_wrong][0]:g}, but {wanted}'

        def explain(row: int, cells: Any = cells, is_wrong: Any = is_wrong) -> str:
            return f"It is {cells[row][is_wrong[row]].flat[0]:g}, but {wanted}"

        unfit[column] = UnfitCells(by_row(is_wrong), explain)
    if unfit:
        raise UnfitTargetsError(first, unfit)


def by_row(truths: "NDArray[Any]") -> "NDArray[Any]":
    """Return whether any element of each row is true: `(N,)`, given `(N, …)`."""
    import numpy

    return numpy.any(truths.reshape(len(truths), -1), axis=1)


def is_a_number(text: str) -> bool:
    """Whether the text can be parsed as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_numeric(cells: "NDArray[Any]") -> bool:
    """Whether the cells are numbers."""
    return cells.dtype.kind in "iuf"


def one_class(column: str, classes: Sequence[object]) -> DataError:
    """Return the error for a target with fewer than two classes."""
    found = f"is {enumerate_names(classes)} in all training rows" if classes else "has no class in the training rows"
    return DataError(f'The target column "{column}" {found}, but two classes are needed.', columns=[column])
