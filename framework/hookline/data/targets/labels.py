"""Targets that say of each of some labels whether it holds."""

from typing import TYPE_CHECKING

from attrs import frozen

from hookline.data.targets.classes import Classes, distinct
from hookline.data.targets.encoding import Columns, Encoding, Target, is_numeric, matrix, one_class, refuse_text
from hookline.errors.exceptions import DataError
from hookline.errors.text import enumerate_names

if TYPE_CHECKING:
    from torch import Tensor


@frozen
class TwoValues(Encoding):
    """What is or is not, in each of some columns; one column may have the names of two classes instead."""

    no: int = 0
    """What stands for no."""
    yes: int = 1
    """What stands for yes."""
    between: bool = False
    """Whether numbers between the two are allowed."""

    def learn(self, columns: Columns, loss: str) -> Target:
        """The names of the two classes, if it is one column."""
        if len(columns) == 1:
            [(column, cells)] = columns.items()
            if not is_numeric(cells):
                classes = distinct(column, cells)
                if len(classes) < 2:
                    raise one_class(column, classes)
                if len(classes) > 2:
                    raise DataError(
                        f'The target column "{column}" has {len(classes)} classes, and {loss} tells two apart: '
                        f"CrossEntropyLoss takes several.",
                        columns=[column],
                    )
                return Target(columns=(column,), classes=classes)
        self._check(columns, loss)
        for column, cells in columns.items():
            if (cells == cells[0]).all():
                raise DataError(
                    f'The target column "{column}" is {cells[0]:g} in all training rows: two classes are needed.',
                    columns=[column],
                )
        return Target(columns=tuple(columns), classes=(self.no, self.yes) if len(columns) == 1 else None)

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """Numbers as they are, and of two names the first as no and the second as yes."""
        if known.classes is not None and isinstance(known.classes[0], str):
            indices = Classes().apply(columns, known, loss, split)
            return (indices * (self.yes - self.no) + self.no).double().unsqueeze(1)
        refuse_text(columns, split)
        self._check(columns, loss)
        return matrix(columns)

    def _check(self, columns: Columns, loss: str) -> None:
        for column, cells in columns.items():
            if not is_numeric(cells):
                raise DataError(
                    f'The target column "{column}" is text, and {loss} needs {self.no} or {self.yes} in each of '
                    f"several columns.",
                    columns=[column],
                )
            if self.between:
                outside, wanted = (cells < self.no) | (cells > self.yes), f"numbers from {self.no} to {self.yes}"
            else:
                outside, wanted = (cells != self.no) & (cells != self.yes), f"{self.no} or {self.yes}"
            if outside.any():
                raise DataError(
                    f'The target column "{column}" has {cells[outside][0]:g}, and {loss} needs {wanted}.',
                    columns=[column],
                )


@frozen
class Probabilities(TwoValues):
    """How probable each of some labels is: float64 of shape `(N, columns)`, 0 to 1."""

    between: bool = True


@frozen
class Signs(TwoValues):
    """Whether each of some labels holds, 1, or not, -1: float64 of shape `(N, columns)`, or `(N,)` if flat."""

    no: int = -1
    flat: bool = False
    """Whether there is one column, without a dimension of its own."""

    def learn(self, columns: Columns, loss: str) -> Target:
        """As of every two values; if it is flat, there is one column."""
        if self.flat and len(columns) != 1:
            raise DataError(
                f"{loss} needs one target column, and {enumerate_names(columns)} are given.", columns=columns
            )
        return TwoValues.learn(self, columns, loss)

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """Each as -1 or 1."""
        signs = TwoValues.apply(self, columns, known, loss, split)
        return signs.squeeze(1) if self.flat else signs


@frozen
class Labels(TwoValues):
    """Which of some labels hold, as a list of their indices: int64 of shape `(N, columns)`, filled up with -1."""

    def learn(self, columns: Columns, loss: str) -> Target:
        """The labels are called as the columns, of which there are several."""
        if len(columns) < 2:
            raise DataError(
                f"{loss} needs a target column for each label, with 0 or 1, and {enumerate_names(columns)} is the only "
                f"one.",
                columns=columns,
            )
        return Target(columns=TwoValues.learn(self, columns, loss).columns, classes=tuple(columns))

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """The indices of the labels that hold, in order, and then -1."""
        import torch

        refuse_text(columns, split)
        self._check(columns, loss)
        holds = matrix(columns) == 1
        indices = torch.where(holds, torch.arange(len(columns)), len(columns)).sort(dim=1).values
        return torch.where(indices == len(columns), -1, indices)
