"""Targets as a loss wants them: indices of classes, probabilities, or numbers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline import DataError, LossSpec, Target, enumerate_names

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

Columns = Mapping[str, "NDArray[Any]"]

RANGES = {"probabilities": (0, 1), "signs": (-1, 1)}
"""What stands for no and yes in targets of which there are two."""


def encode(columns: Columns, loss: LossSpec) -> "tuple[Tensor, Target]":
    """The target columns of the training rows as a tensor, and what is known of them.

    Raises:
        DataError: if the columns are not what the loss can be given.

    """
    known = learn(columns, loss)
    return apply(columns, known, loss, "training"), known


def learn(columns: Columns, loss: LossSpec) -> Target:
    """What the training rows say about the target: the names of the classes, in order, if it is one."""
    name = type(loss).__name__
    if loss.targets == "values":
        for column, cells in columns.items():
            if not _is_numeric(cells):
                text = next(cell for cell in cells.tolist() if not _is_a_number(cell))
                raise DataError(f'The target column "{column}" is text ("{text}"), and {name} needs numbers.')
        return Target(columns=tuple(columns))
    if loss.targets == "classes" and len(columns) != 1:
        raise DataError(f"{name} needs one target column with classes, and {enumerate_names(columns)} are given.")
    if len(columns) == 1:
        [(column, cells)] = columns.items()
        if loss.targets == "classes" or not _is_numeric(cells):
            classes = _classes(column, cells)
            _check_classes(column, classes, name, exactly_two=loss.targets != "classes")
            return Target(columns=(column,), classes=classes)
    _check_range(columns, loss)
    for column, cells in columns.items():
        if (cells == cells[0]).all():
            raise DataError(
                f'The target column "{column}" is {cells[0]:g} in all training rows: two classes are needed.'
            )
    return Target(columns=tuple(columns), classes=RANGES[loss.targets] if len(columns) == 1 else None)


def apply(columns: Columns, known: Target, loss: LossSpec, split: str) -> "Tensor":
    """The target columns of some rows as a tensor: int64 `(N,)` for classes, float32 `(N, columns)` otherwise.

    Raises:
        DataError: if a class does not occur in training, or if text stands where numbers stood in training.

    """
    import numpy
    import torch

    if known.classes is not None and (loss.targets == "classes" or isinstance(known.classes[0], str)):
        [(column, cells)] = columns.items()
        if unknown := sorted(set(_classes(column, cells)) - set(known.classes), key=str):
            raise DataError(
                f'The class "{unknown[0]}" of "{column}" occurs in the {split} split and not in the training split: '
                f"it cannot be learnt."
            )
        indices = torch.from_numpy(numpy.searchsorted(numpy.array(known.classes), cells))  # Classes are sorted.
        if loss.targets == "classes":
            return indices
        return (indices * 2 - 1 if loss.targets == "signs" else indices).float().unsqueeze(1)
    for column, cells in columns.items():
        if not _is_numeric(cells):
            raise DataError(f'The target column "{column}" has text in the {split} split, and numbers in training.')
    if loss.targets in RANGES:
        _check_range(columns, loss)
    return torch.from_numpy(numpy.column_stack(list(columns.values())).astype(numpy.float32))


def _is_a_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_numeric(cells: "NDArray[Any]") -> bool:
    return cells.dtype.kind in "if"


def _classes(column: str, cells: "NDArray[Any]") -> tuple[str | int, ...]:
    """The different cells, sorted; integers stay integers."""
    distinct = sorted(set(cells.tolist()))
    if fractions := [value for value in distinct if isinstance(value, float) and not value.is_integer()]:
        raise DataError(f'The target column "{column}" has {fractions[0]:g}: classes are text or whole numbers.')
    return tuple(int(value) if isinstance(value, float) else value for value in distinct)


def _check_range(columns: Columns, loss: LossSpec) -> None:
    name, (no, yes) = type(loss).__name__, RANGES[loss.targets]
    for column, cells in columns.items():
        if not _is_numeric(cells):
            raise DataError(
                f'The target column "{column}" is text, and {name} needs {no} or {yes} in each of several columns.'
            )
        if loss.targets == "signs":
            outside, wanted = (cells != no) & (cells != yes), f"{no} or {yes}"
        else:
            outside, wanted = (cells < no) | (cells > yes), f"numbers from {no} to {yes}"
        if outside.any():
            raise DataError(f'The target column "{column}" has {cells[outside][0]:g}, and {name} needs {wanted}.')


def _check_classes(column: str, classes: Sequence[object], loss: str, *, exactly_two: bool) -> None:
    if len(classes) < 2:
        raise DataError(
            f'The target column "{column}" is {enumerate_names(classes)} in all training rows: two classes are needed.'
        )
    if exactly_two and len(classes) > 2:
        raise DataError(
            f'The target column "{column}" has {len(classes)} classes, and {loss} tells two apart: '
            f"CrossEntropyLoss takes several."
        )
