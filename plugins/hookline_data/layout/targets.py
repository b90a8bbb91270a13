"""Options of targets: their kinds, their classes, and what becomes of rows without one."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from hookline.errors import OptionError, did_you_mean
from hookline.spec import ColumnSpec, Objective

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.data import Target

ClassNames = tuple[str | int, ...]
"""The classes of a target in the order of their indices."""


def classes_of(
    given: ClassNames | Mapping[str, ClassNames] | None, targets: Collection[str]
) -> Mapping[str, ClassNames]:
    """Return the classes that the option `classes` gives to each target."""
    if given is None:
        return {}
    return given if isinstance(given, Mapping) else dict.fromkeys(list(targets)[:1], given)


def class_conflicts(
    given: ClassNames | Mapping[str, ClassNames] | None, targets: Collection[str]
) -> Iterator[OptionError]:
    """Report classes without a target, and lists that are not classes."""
    if given is None:
        return
    if not isinstance(given, Mapping) and len(targets) != 1:
        remedy = "There are several targets: use a table with the classes of each."
        message = remedy if targets else "There are no `targets`."
        yield OptionError("classes", message, against=[("targets",)])
        return
    for target, classes in classes_of(given, targets).items():
        within = (target,) if isinstance(given, Mapping) else ()
        if target not in targets:
            message = f'There is no target "{target}".{did_you_mean(target, targets)}'
            yield OptionError("classes", message, *within, on_key=True)
        elif len(classes) < 2:
            yield OptionError("classes", "There must be at least two classes.", *within)
        elif len(set(classes)) < len(classes):
            twice = next(name for index, name in enumerate(classes) if name in classes[:index])
            yield OptionError("classes", f"The class {twice!r} occurs twice.", *within)
        elif len({type(name) for name in classes}) > 1:
            yield OptionError("classes", "Classes must be all text or all integers.", *within)


def classes_of_loss(
    loss: Objective | None, given: ClassNames | Mapping[str, ClassNames] | None, targets: Collection[str]
) -> Iterator[OptionError]:
    """Report classes of a target that the loss does not take as classes."""
    if loss is None or given is None:
        return
    encodings = loss.encodings(targets)
    for target, classes in classes_of(given, targets).items():
        try:
            encodings[target].with_classes(classes, loss.name_for(target))
        except ValueError as error:
            yield OptionError("classes", str(error), *([target] if isinstance(given, Mapping) else ()))


def kinds_of_targets(
    columns: Mapping[str, ColumnSpec] | None,
    targets: Mapping[str, Sequence[str]],
    loss: Objective | None,
) -> Iterator[OptionError]:
    """Report kinds of target columns that cannot be undone, or that the loss does not allow.

    `targets` are the columns of each target. Only an entry with the name of the column, and no pattern, is for it.
    """
    for target, several in targets.items():
        for column in several:
            kind = (columns or {}).get(column)
            if kind is None:
                continue
            name = type(kind).__name__
            if not kind.is_invertible:
                message = f"{name} cannot be undone, as predictions require, so a target cannot be of this kind."
                yield OptionError("columns", message, column, "type", against=[("targets",)])
            elif kind.takes_missing:
                message = 'A missing target cannot be filled in: set `missing = "drop"` to drop such rows.'
                yield OptionError("columns", message, column, "missing", against=[("targets",)])
            elif loss is not None and (message := _complaint(loss, target, targets)):
                yield OptionError("columns", message, column, against=[("targets",)])


def _complaint(loss: Objective, target: str, targets: Collection[str]) -> str:
    """Return why a loss does not allow its target to be transformed; empty if it does."""
    for named in loss.losses.values():
        own = targets if named.takes_all_targets else [named.target(targets)]
        if target in own:
            try:
                named.loss.check_transformed([name for name in own if name is not None])
            except ValueError as error:
                return str(error)
    return ""


def in_unit_of(columns: Mapping[str, ColumnSpec] | None, target: "Target", numbers: "Tensor") -> "Tensor":
    """Return numbers of a target, `(N, columns)` in float64, in the unit of its columns."""
    import torch

    made = []
    for index, column in enumerate(target.columns):
        cells, known = numbers[:, index], target.transforms.get(column)
        if known is not None:
            cells = (columns or {})[known["pattern"]].inverse_transform(cells, known["fitted"])
        made.append(cells)
    return torch.stack(made, dim=1)
