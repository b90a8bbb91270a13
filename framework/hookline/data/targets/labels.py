"""Targets with several labels, each of which is true or false."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.data.targets.classes import Classes, distinct
from hookline.data.targets.encoding import (
    Columns,
    Encoding,
    Target,
    ejected_matrix,
    is_numeric,
    matrix,
    one_class,
    refuse_numbers,
    refuse_text,
)
from hookline.errors.exceptions import DataError
from hookline.errors.text import enumerate_names
from hookline.script.python import literal

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script.script import Script


@frozen
class TwoValues(Encoding):
    """One of two values per column. A single column may contain two class names instead."""

    kind = "labels"
    takes_text_cells = True

    no: int = 0
    """The value for false."""
    yes: int = 1
    """The value for true."""
    between: bool = False
    """Whether to allow numbers between the two values."""
    given: tuple[str | int, ...] | None = None
    """The classes for false and true in a single column; `None` for those of the training rows, sorted."""

    def with_classes(self, classes: Sequence[str | int], loss: str) -> Encoding:
        """Return the encoding with these two classes, the first of which is false."""
        if len(classes) != 2:
            raise ValueError(
                f"{loss} takes two classes, of which the first is false, but `classes` has {len(classes)}."
            )
        return evolve(self, given=tuple(classes))

    def learn(self, columns: Columns, loss: str) -> Target:
        """Return the names of the two classes if there is a single column."""
        if len(columns) > 1 and self.given is not None:
            message = "The target has a column for each label, so `classes` cannot be set."
            raise DataError(message, option=("classes",))
        if len(columns) == 1:
            [(column, cells)] = columns.items()
            if self.given is not None:
                return Classes(self.given).learn(columns, loss)
            if not is_numeric(cells):
                classes = distinct(column, cells)
                if len(classes) < 2:
                    raise one_class(column, classes)
                if len(classes) > 2:
                    raise DataError(
                        f'The target column "{column}" has {len(classes)} classes, but {loss} takes two: '
                        "use a loss for several classes, such as cross-entropy.",
                        columns=[column],
                    )
                return Target(columns=(column,), classes=classes)
        self._check(columns, loss)
        for column, cells in columns.items():
            if (cells == cells.flat[0]).all():
                raise DataError(
                    f'The target column "{column}" is {cells.flat[0]:g} in all training rows, but two classes are '
                    "needed.",
                    columns=[column],
                )
        return Target(columns=tuple(columns), classes=(self.no, self.yes) if len(columns) == 1 else None)

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """Return numbers unchanged; of two class names, the first becomes false and the second true."""
        if known.classes is not None and known.classes != (self.no, self.yes):
            indices = Classes(self.given).apply(columns, known, loss, split)
            signs = (indices * (self.yes - self.no) + self.no).double()
            return signs.unsqueeze(1) if signs.dim() == 1 else signs
        refuse_text(columns, split)
        self._check(columns, loss)
        return matrix(columns)

    def eject(self, script: "Script", columns: Mapping[str, str], known: Target, training: str) -> str:
        """Return the numbers; of two class names, the second as true."""
        if known.classes is None or known.classes == (self.no, self.yes):
            return ejected_matrix(script, columns)
        [cells] = columns.values()
        is_true = f"{cells} == {literal(known.classes[1])}"
        value = f"({is_true})" if (self.no, self.yes) == (0, 1) else f"np.where({is_true}, {self.yes}, {self.no})"
        return f"torch.from_numpy({value}.astype(np.{script.dtype})).unsqueeze(1)"

    def _check(self, columns: Columns, loss: str) -> None:
        outside: dict[str, NDArray[Any]] = {}
        for column, cells in columns.items():
            if not is_numeric(cells):
                raise DataError(
                    f'The target column "{column}" is text, but {loss} needs {self.no} or {self.yes} in each of '
                    "several columns.",
                    columns=[column],
                )
            if self.between:
                outside[column] = (cells < self.no) | (cells > self.yes)
            else:
                outside[column] = (cells != self.no) & (cells != self.yes)
        wanted = f"numbers from {self.no} to {self.yes}" if self.between else f"{self.no} or {self.yes}"
        refuse_numbers(columns, outside, f"{loss} needs {wanted}.")


@frozen
class Probabilities(TwoValues):
    """The probability of each label, from 0 to 1: float64 of shape `(N, columns)`.

    A dense target has one per pixel, float64 `(N, 1, height, width)`, or several, `(N, labels, height, width)`.
    """

    between: bool = True

    def is_dense(self, cells: "NDArray[Any]") -> bool:
        """Whether a row has more than one dimension, such as an image."""
        return cells.ndim > 2

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """Return the probabilities; those of an image `(N, height, width)` with a dimension for its only label."""
        tensor = TwoValues.apply(self, columns, known, loss, split)
        return tensor.unsqueeze(1) if tensor.dim() == 3 else tensor

    def eject(self, script: "Script", columns: Mapping[str, str], known: Target, training: str) -> str:
        """Return the numbers; of two class names, the second as 1."""
        if known.shape:
            [cells] = columns.values()
            names = known.classes or (self.no, self.yes)
            numbers = cells if names == (self.no, self.yes) else f"({cells} == {literal(names[1])})"
            return (
                f"torch.from_numpy({numbers}.astype(np.{script.dtype})).reshape(-1, {', '.join(map(str, known.shape))})"
            )
        return TwoValues.eject(self, script, columns, known, training)


@frozen
class Signs(TwoValues):
    """Each label as 1 (true) or -1 (false): float64 of shape `(N, columns)`, or `(N,)` if `flat`."""

    no: int = -1
    flat: bool = False
    """Whether there is a single column, without a column dimension."""

    def learn(self, columns: Columns, loss: str) -> Target:
        """Return the names of the two classes; if `flat`, there must be a single column."""
        if self.flat and len(columns) != 1:
            raise DataError(
                f"{loss} needs one target column, but {enumerate_names(columns)} are given.", columns=columns
            )
        return TwoValues.learn(self, columns, loss)

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """Return each label as -1 or 1."""
        signs = TwoValues.apply(self, columns, known, loss, split)
        return signs.squeeze(1) if self.flat else signs

    def eject(self, script: "Script", columns: Mapping[str, str], known: Target, training: str) -> str:
        """Return -1 and 1."""
        signs = TwoValues.eject(self, script, columns, known, training)
        return f"{signs}.squeeze(1)" if self.flat else signs


@frozen
class Labels(TwoValues):
    """The indices of the true labels: int64 of shape `(N, columns)`, padded with -1."""

    def with_classes(self, classes: Sequence[str | int], loss: str) -> Encoding:
        """Refuse classes: each label has a column."""
        return Encoding.with_classes(self, classes, loss)

    def learn(self, columns: Columns, loss: str) -> Target:
        """Return the column names as label names; there must be several columns."""
        if len(columns) < 2:
            raise DataError(
                f"{loss} needs one target column per label, with 0 or 1, but {enumerate_names(columns)} is the only "
                "one.",
                columns=columns,
            )
        return Target(columns=TwoValues.learn(self, columns, loss).columns, classes=tuple(columns))

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """Return the indices of the true labels in ascending order, padded with -1."""
        import torch

        refuse_text(columns, split)
        self._check(columns, loss)
        holds = matrix(columns) == 1
        indices = torch.where(holds, torch.arange(len(columns)), len(columns)).sort(dim=1).values
        return torch.where(indices == len(columns), -1, indices)

    def eject(self, script: "Script", columns: Mapping[str, str], known: Target, training: str) -> str:
        """Return the indices of the true labels, padded with -1."""
        count = len(columns)
        script.add(
            "prepare", f"holds = torch.from_numpy(np.column_stack([{', '.join(columns.values())}])) == 1", apart=False
        )
        script.add("prepare", "# The indices of the true labels in ascending order, padded with -1.", apart=False)
        script.add(
            "prepare", f"indices = torch.where(holds, torch.arange({count}), {count}).sort(dim=1).values", apart=False
        )
        return f"torch.where(indices == {count}, -1, indices)"
