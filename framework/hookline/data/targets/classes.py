"""Targets that are classes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.data.targets.encoding import (
    NEW_ROWS,
    Columns,
    Encoding,
    Target,
    by_row,
    one_class,
    refuse_numbers,
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
