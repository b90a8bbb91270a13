"""Targets that are classes or class probabilities."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.data.targets.encoding import (
    NEW_ROWS,
    Columns,
    Encoding,
    Target,
    by_row,
    ejected_matrix,
    is_numeric,
    matrix,
    one_class,
    refuse_numbers,
    refuse_text,
    rows_of,
)
from hookline.data.targets.text_cells import factorized
from hookline.errors.exceptions import DataError
from hookline.errors.text import enumerate_names, quoted_cell
from hookline.errors.unfit import UnfitCells, UnfitTargetsError
from hookline.script.python import literal

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script.script import Script


@frozen
class Classes(Encoding):
    """One class per row: class indices as int64 of shape `(N,)`. Classes are sorted and numbered from 0.

    A dense target has a class per step or pixel: int64 `(N, steps)` or `(N, height, width)`.
    """

    kind = "classes"
    takes_text_cells = True

    given: tuple[str | int, ...] | None = None
    """The classes in the order of their indices; `None` for those of the training rows, sorted."""

    def with_classes(self, classes: Sequence[str | int], loss: str) -> Encoding:
        """Return the encoding with these classes."""
        return evolve(self, given=tuple(classes))

    def is_dense(self, cells: "NDArray[Any]") -> bool:
        """Whether these are classes of several elements per row: numbers with a fraction are probabilities."""
        return cells.ndim > 1 and cells.dtype.kind != "f"

    def common(self, other: Encoding) -> Encoding | None:
        """Return `Classes` if one of the losses takes nothing else."""
        if isinstance(other, Classes):
            return Classes() if Classes in (type(self), type(other)) else self
        return None

    def learn(self, columns: Columns, loss: str) -> Target:
        """Return the names of the classes."""
        if len(columns) != 1:
            raise DataError(
                f"{loss} needs one target column with classes, but {enumerate_names(columns)} are given.",
                columns=columns,
            )
        [(column, cells)] = columns.items()
        classes = distinct(column, cells)
        if self.given is not None:
            refuse_others(classes, self.given, column)
            return Target(columns=(column,), classes=self.given, shape=cells.shape[1:])
        if len(classes) < 2:
            raise one_class(column, classes)
        return Target(columns=(column,), classes=classes, shape=cells.shape[1:])

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """Return the class indices, or raise an error for a class that does not occur in training."""
        import numpy
        import torch

        assert known.classes is not None
        [(column, given)] = columns.items()
        cells, places = factorized(given)
        if unknown := sorted(set(distinct(column, cells)) - set(known.classes), key=str):
            if self.given is not None and split != NEW_ROWS:
                refuse_others(unknown, self.given, column)
            raise _unknown_classes(column, numpy.asarray(given), unknown, split)
        names = numpy.array(known.classes)
        order = numpy.argsort(names)  # Only classes that the spec gives may be in another order.
        indices = order[numpy.searchsorted(names[order], cells)]
        return torch.from_numpy(indices if places is None else indices[places])

    def eject(self, script: "Script", columns: Mapping[str, str], known: Target, training: str) -> str:
        """Return the index of each class among those of the training rows, sorted, or among the given ones."""
        [(column, cells)] = columns.items()
        if self.given is not None:
            script.add("prepare", f"classes = {literal(list(self.given))}", apart=False)
            return f"torch.tensor([classes.index(name) for name in {cells}.tolist()])"
        named = "classes" if cells == "y" or script.names.get("classes", column) == column else f"{cells}_classes"
        script.names.setdefault("classes", column)
        script.add("prepare", f"{named} = np.unique({cells}[{training}])", apart=False)
        return f"torch.from_numpy(np.searchsorted({named}, {cells}))"


@frozen
class ClassesOrDistribution(Classes):
    """A column of classes, or one column per class with its probability."""

    def _of(self, columns: Sequence[str] | Columns) -> Encoding:
        if len(columns) > 1 and self.given is not None:
            message = "The target has a column per class, which name the classes, so `classes` cannot be set."
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
                "the "
                f"only one.",
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


def refuse_others(classes: Sequence[str | int], given: Sequence[str | int], column: str) -> None:
    """Raise a `DataError` if a class is not among those that the spec gives."""
    if others := [name for name in classes if name not in given]:
        hint = ""
        if str(others[0]) in map(str, given):
            hint = " Write integers without quotes." if isinstance(others[0], int) else " Write it in quotes."
        listed = enumerate_names(given)
        message = f'The class {quoted_cell(others[0])} of "{column}" is not among the `classes` {listed}.{hint}'
        raise DataError(message, columns=[column], option=("classes",))


def _unknown_classes(column: str, cells: "NDArray[Any]", unknown: Sequence[str | int], split: str) -> UnfitTargetsError:
    """Return the error for classes that do not occur in the training rows."""
    import numpy

    is_unknown = numpy.isin(cells, numpy.array(unknown))

    def explain(row: int) -> str:
        [first, *_] = distinct(column, cells[row : row + 1][is_unknown[row : row + 1]])
        return f"The class {quoted_cell(first)} does not occur in the training split."

    name = quoted_cell(unknown[0])
    message = f'The class {name} of "{column}" occurs in {rows_of(split)} but not in the training split.'
    return UnfitTargetsError(message, {column: UnfitCells(by_row(is_unknown), explain)})


def distinct(column: str, cells: "NDArray[Any]") -> tuple[str | int, ...]:
    """Return the distinct cells, sorted; whole floats become integers.

    Raises:
        UnfitTargetsError: If a number is not whole.

    """
    import numpy

    found = numpy.unique(factorized(cells)[0]).tolist()
    if any(isinstance(value, float) and not value.is_integer() for value in found):
        is_whole = numpy.isfinite(cells) & (cells == numpy.floor(cells))
        refuse_numbers({column: cells}, {column: ~is_whole}, "classes must be text or integers.")
    return tuple(int(value) if isinstance(value, float) else value for value in found)
