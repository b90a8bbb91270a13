"""Find inputs from which the target of every training row can be computed."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from hookline.data.numerics import in_float64
from hookline.errors.exceptions import HooklineWarning
from hookline.errors.text import enumerate_names

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.data.batches import Batch
    from hookline.data.data import Data
    from hookline.data.targets.encoding import Target
    from hookline.plugins.stages import Run

FIRST = 256
"""The number of rows to compare before all rows of a column."""
ROWS_PER_CLASS = 10
"""The number of training rows per class from which a column that determines the class is not a coincidence."""
MOST_NAMED = 4
"""The largest number of columns that a message names."""
SAME = 1e-5
"""The largest deviation of a standardized target from a standardized column that equals it."""


def leaked_targets(run: "Run", data: "Data", rows: "Batch", name: str, known: "Target") -> Iterator[HooklineWarning]:
    """Yield a warning for each group of inputs with columns that equal a target."""
    for group, found in data.once((leaked_targets, name), lambda: dict(_found_columns(rows, name, known))).items():
        yield _warning(run, data, group, found, ", ".join(known.columns), is_class=known.classes is not None)


def _found_columns(rows: "Batch", name: str, known: "Target") -> Iterator[tuple[str, list[int]]]:
    """Yield each group of inputs that has columns that equal a target, with their places."""
    target = rows.targets[name]
    if known.classes is not None and known.counts is not None and target.numel() == rows.rows:
        classes = (target.flatten() > 0).long() if target.is_floating_point() else target.flatten()
        if rows.rows < ROWS_PER_CLASS * len(known.classes) or bool((classes < 0).any()):
            return
        look = _determining(classes)
    elif known.classes is None and target.is_floating_point() and target.numel() == rows.rows:
        if rows.rows < 2 * ROWS_PER_CLASS:
            return
        look = _equalling(target.flatten())
    else:
        return
    for group, inputs in rows.inputs.items():
        if group in rows.lengths or not inputs.numel():
            continue
        found = look(inputs.reshape(rows.rows, -1))
        if found:
            yield group, found


def _warning(run: "Run", data: "Data", group: str, found: list[int], target: str, *, is_class: bool) -> HooklineWarning:
    names = _names(data, group)
    listed = [names[place] if names else f"number {place + 1}" for place in found]
    shown = enumerate_names(listed[:MOST_NAMED])
    if len(listed) > MOST_NAMED:
        shown += f" and {len(listed) - MOST_NAMED} more"
    columns = ("column", "equals") if len(found) == 1 else ("columns", "equal")
    if is_class:
        does = "determine" + ("s" if len(found) == 1 else "")
        what = f'The {columns[0]} {shown} of the inputs {does} the class in "{target}" in every training row'
    else:
        what = f'The {columns[0]} {shown} of the inputs {columns[1]} the target "{target}" up to scale and shift'
    given = getattr(run.spec.data, "inputs", None)
    inside = (group,) if isinstance(given, Mapping) and group in given else ()
    path = ("data", "inputs", *inside) if given is not None else ("data",)
    return HooklineWarning(f"{what}: if it is not known when the model is used, exclude it.", path, id="leaked-target")


def _names(data: "Data", group: str) -> list[str] | None:
    """The names of the numbers of a row of a group of inputs, if each is a column."""
    known = data.preparation.get(group)
    columns = known.get("names", known.get("columns")) if isinstance(known, Mapping) else None
    width = data.example.inputs[group][0].numel()
    return list(columns) if columns is not None and len(columns) == width else None


def _determining(classes: "Tensor") -> "Callable[[Tensor], list[int]]":
    """Return a function that finds columns with another value for each class, and one value in all rows of it."""
    import torch

    number = int(classes.max()) + 1
    first = torch.full((number,), len(classes), device=classes.device)
    first.scatter_reduce_(0, classes, torch.arange(len(classes), device=classes.device), "amin")
    first = first[first < len(classes)]  # A class may have no rows.
    rank = torch.full((number,), -1, device=classes.device)
    rank[classes[first]] = torch.arange(len(first), device=classes.device)
    classes = rank[classes]

    def look(inputs: "Tensor") -> list[int]:
        of_class = inputs[first]
        head = (inputs[:FIRST] == of_class[classes[:FIRST]]).all(dim=0)
        kept = [
            place
            for place in head.nonzero().flatten().tolist()
            if len(of_class[:, place].unique()) > 1 and is_of_class(inputs[:, place], of_class[:, place])
        ]
        alone = [place for place in kept if len(of_class[:, place].unique()) == len(first)]
        if alone:
            return alone
        # Several columns together, such as a class in one-hot form.
        together = len(of_class[:, kept].unique(dim=0)) == len(first) if kept else False
        return kept if together else []

    def is_of_class(column: "Tensor", of_class: "Tensor") -> bool:
        return bool((column == of_class[classes]).all())

    return look


def _equalling(target: "Tensor") -> "Callable[[Tensor], list[int]]":
    """Return a function that finds columns that are a linear function of the target."""
    wanted, first = _standardized(target[:, None]), _standardized(target[:FIRST, None])

    def are_same(columns: "Tensor", other: "Tensor") -> "Tensor":
        scaled = _standardized(columns)
        return ((scaled - other).abs().amax(dim=0) < SAME) | ((scaled + other).abs().amax(dim=0) < SAME)

    def look(inputs: "Tensor") -> list[int]:
        likely = are_same(inputs[:FIRST], first).nonzero().flatten().tolist()
        return [place for place in likely if bool(are_same(inputs[:, place : place + 1], wanted))]

    return look


def _standardized(columns: "Tensor") -> "Tensor":
    """Return the columns with mean 0 and standard deviation 1, in float64; NaN for a constant column."""
    columns = in_float64(columns)
    return (columns - columns.mean(dim=0)) / columns.std(dim=0, correction=0)
