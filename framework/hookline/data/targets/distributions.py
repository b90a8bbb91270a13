"""Targets that are the probabilities of classes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from hookline.data.targets.classes import Classes
from hookline.data.targets.encoding import (
    Columns,
    Encoding,
    Target,
    ejected_matrix,
    is_numeric,
    matrix,
    refuse_numbers,
    refuse_text,
    rows_of,
)
from hookline.errors.exceptions import DataError
from hookline.errors.text import enumerate_names
from hookline.errors.unfit import UnfitCells, UnfitTargetsError

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script.script import Script


@frozen
class ClassesOrDistribution(Classes):
    """A column of classes, or one column per class with its probability."""

    def _of(self, columns: Sequence[str] | Columns) -> Encoding:
        if len(columns) > 1 and self.given is not None:
            message = "The target has a column per class, and their names are the classes, so `classes` cannot be set."
            raise DataError(message, option=("classes",))
        return Classes(self.given) if len(columns) == 1 else Distribution()

    def learn(self, columns: Columns, loss: str) -> Target:
        """Use `Classes` for one column and `Distribution` for several."""
        return self._of(columns).learn(columns, loss)

    def eject(self, script: "Script", columns: Mapping[str, str], known: Target, training: str) -> str:
        """Use `Classes` for one column and `Distribution` for several."""
        if len(known.columns) == 1:
            return Classes.eject(self, script, columns, known, training)
        return Distribution().eject(script, columns, known, training)

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """Use `Classes` for one column and `Distribution` for several."""
        return self._of(columns).apply(columns, known, loss, split)


@frozen
class Distribution(Encoding):
    """The probability of each class, or its logarithm: float64 of shape `(N, C)`, with one column per class."""

    kind = "classes"

    logarithms: bool = False
    """Whether the columns contain log-probabilities."""

    def learn(self, columns: Columns, loss: str) -> Target:
        """Return the column names as class names."""
        if len(columns) < 2:
            raise DataError(
                f"{loss} needs one target column per class, with its probability, but {enumerate_names(columns)} is "
                "the only one.",
                columns=columns,
            )
        for column, cells in columns.items():
            if not is_numeric(cells):
                raise DataError(
                    f'The target column "{column}" is text, but {loss} needs the probability of each class.',
                    columns=[column],
                )
        return Target(columns=tuple(columns), classes=tuple(columns))

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """Return the probabilities, or raise an error unless they are from 0 to 1 and add up to 1 in each row."""
        import numpy

        refuse_text(columns, split)
        wrong = {
            column: cells > 0 if self.logarithms else (cells < 0) | (cells > 1) for column, cells in columns.items()
        }
        wanted = "log-probabilities" if self.logarithms else "probabilities from 0 to 1"
        refuse_numbers(columns, wrong, f"{loss} needs {wanted}.")
        numbers = numpy.column_stack(list(columns.values())).astype(numpy.float64)
        sums = (numpy.exp(numbers) if self.logarithms else numbers).sum(axis=1)
        if (off := abs(sums - 1) > 1e-3).any():
            row = int(off.argmax())

            def explain(row: int, which: str = "this row") -> str:
                return (
                    f"The probabilities of each row must add up to 1 for {loss}, but those of {which}, "
                    f"{enumerate_names(columns)}, add up to {sums[row]:g}."
                )

            message = explain(row, f"row {row + 1} of {rows_of(split)}")
            raise UnfitTargetsError(message, {None: UnfitCells(off, explain)})
        return matrix(columns)

    def eject(self, script: "Script", columns: Mapping[str, str], known: Target, training: str) -> str:
        """Return the probabilities in the type of the run."""
        return ejected_matrix(script, columns)
