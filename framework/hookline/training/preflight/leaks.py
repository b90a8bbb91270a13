"""Warn about leaks: rows that are in two splits, and inputs that equal the target."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.data.numerics import in_float64
from hookline.errors.exceptions import HooklineWarning
from hookline.errors.text import counted, enumerate_names

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.data.batches import Batch
    from hookline.data.data import Data
    from hookline.data.targets.encoding import Target
    from hookline.plugins.stages import Run

MOST_NUMBERS = 2**28
"""The largest number of inputs and targets of the data to look at; more would take seconds."""
BLOCK = 2**18
"""How many numbers to process at once."""
LEAST_EQUAL = 2
"""The number of equal rows from which on there is a warning: a single one may well be a coincidence."""
FIRST = 256
"""How many rows to look at before all rows of a column."""
ROWS_PER_CLASS = 10
"""The number of training rows per class from which on a column that determines the class is no coincidence."""
MOST_NAMED = 4
"""The largest number of columns that a message names."""
SAME = 1e-5
"""The largest deviation of a standardized target from a standardized column that equals it."""


def leaks(run: "Run", data: "Data") -> Iterator[HooklineWarning]:
    """Yield a warning for each leak in splits that are in memory, each at the option that it concerns.

    Larger data than `MOST_NUMBERS` is not looked at.
    """
    held = {split: rows for split, rows in _held(data).items() if rows.targets}
    if not held or sum(map(_size, held.values())) > MOST_NUMBERS:
        return
    if "training" in held:
        yield from _equal_rows(run, data, held)
        for name, known in data.targets.items():
            yield from _columns(run, data, held["training"], name, known)


def _held(data: "Data") -> "dict[str, Batch]":
    """The splits that are in memory with a target for each row."""
    held: dict[str, Batch] = {}
    for split, batches in data.splits().items():
        rows = getattr(batches, "all", None)
        if rows is not None and len({len(tensor) for tensor in _tensors(rows)}) == 1:
            held[split] = rows
    return held


def _tensors(rows: "Batch") -> "list[Tensor]":
    return [*rows.inputs.values(), *rows.lengths.values(), *rows.targets.values()]


def _size(rows: "Batch") -> int:
    return sum(tensor.numel() for tensor in _tensors(rows))


def _equal_rows(run: "Run", data: "Data", held: "Mapping[str, Batch]") -> Iterator[HooklineWarning]:
    """Yield a warning for each split with rows that the training split contains, too."""
    others = [split for split in held if split != "training"]
    if not others or any(_shapes(held[split]) != _shapes(held["training"]) for split in others):
        return
    for split, pairs in data.once(_equal_rows, lambda: _pairs_by_split(held, others)).items():
        if pairs is None or pairs[0] < LEAST_EQUAL:
            continue
        number, first, second = pairs
        places = f"row {second + 1:,} of the {split} split and row {first + 1:,} of the training split are equal"
        if (numbers := data.row_numbers) is not None and split in numbers and "training" in numbers:
            second, first = int(numbers[split][second]), int(numbers["training"][first])
            places = f"row {second + 1:,} of the data for {split} equals row {first + 1:,} of the data for training"
        message = (
            f"{number:,} of the {counted(held[split].rows, 'row')} of the {split} split "
            f"{'is' if number == 1 else 'are'} in the training split, too, with equal targets and equal inputs to the "
            f"model ({places}). "
            "If rows are repeated by mistake, metrics will be too good: remove the copies, or keep them in one split."
        )
        own = ("data", split) if getattr(run.spec.data, split, None) else ("data",)
        yield HooklineWarning(message, own, id="leaked-rows")


def _shapes(rows: "Batch") -> list[Any]:
    return [(tuple(tensor.shape[1:]), tensor.dtype) for tensor in _tensors(rows)]


def _pairs_by_split(held: "Mapping[str, Batch]", splits: Sequence[str]) -> dict[str, tuple[int, int, int] | None]:
    """For each split, what `_pairs` returns."""
    known = _hashes(held["training"]).sort(stable=True)
    return {split: _pairs(held, known.values, known.indices, split) for split in splits}


def _pairs(held: "Mapping[str, Batch]", known: "Tensor", places: "Tensor", split: str) -> tuple[int, int, int] | None:
    """Return how many rows of a split the training split contains, and the first equal row there and here."""
    import torch

    hashes = _hashes(held[split])
    found = torch.searchsorted(known, hashes).clamp(max=len(known) - 1)
    (rows,) = torch.where(known[found] == hashes)
    candidates = places[found[rows]]
    is_equal = torch.ones(len(rows), dtype=torch.bool, device=rows.device)
    for one, other in zip(_tensors(held["training"]), _tensors(held[split]), strict=True):
        equal = one[candidates] == other[rows]
        is_equal &= equal.flatten(1).all(dim=1) if equal.dim() > 1 else equal
    number = int(is_equal.sum())
    return (number, int(candidates[is_equal][0]), int(rows[is_equal][0])) if number else None


def _hashes(rows: "Batch") -> "Tensor":
    """Return a 64-bit hash of each row: the sum of its bit patterns, each times a random odd number."""
    import torch

    tensors = _tensors(rows)
    hashes = torch.zeros(rows.rows, dtype=torch.int64, device=tensors[0].device)
    generator = torch.Generator().manual_seed(0)
    for tensor in tensors:
        flat = tensor.reshape(rows.rows, -1)
        size = max(1, BLOCK // max(1, flat.shape[1]))
        factors = None
        for first in range(0, rows.rows, size):
            bits = _bits(flat[first : first + size])
            if factors is None:
                factors = torch.randint(-(2**62), 2**62, (bits.shape[1],), generator=generator) * 2 + 1
                factors = factors.to(tensor.device)
            mixed = bits * factors
            hashes[first : first + size] += (mixed ^ (mixed >> 29)).sum(dim=1)
    return hashes


def _bits(part: "Tensor") -> "Tensor":
    """Return the bit patterns of some rows as int64, two numbers of 32 bits at a time if possible."""
    import torch

    if part.is_floating_point():
        part = part + 0.0  # -0.0 equals 0.0.
    size = part.element_size()
    if size == 8 or (size == 4 and part.shape[1] % 2 == 0):
        return part.contiguous().view(torch.int64)
    if part.dtype == torch.bool:
        return part.long()
    return part.contiguous().view({4: torch.int32, 2: torch.int16, 1: torch.int8}[size]).long()


def _columns(run: "Run", data: "Data", rows: "Batch", name: str, known: "Target") -> Iterator[HooklineWarning]:
    """Yield a warning for each group of inputs with columns that equal a target."""
    for group, found in data.once((_columns, name), lambda: dict(_found_columns(rows, name, known))).items():
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
    shown = enumerate_names(listed[:MOST_NAMED]) + (f" and {len(listed) - MOST_NAMED} more" if listed[4:] else "")
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


def _determining(classes: "Tensor") -> Any:
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


def _equalling(target: "Tensor") -> Any:
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
