"""Splits and folds in which no group of rows is in two parts."""

import math
from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError, counted
from hookline_data.splitting.fractions import wanted_of
from hookline_data.splitting.strata import codes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = dict[str, NDArray[Any]]


def by_group(
    groups: "NDArray[Any]", validation: float, test: float, seed: int, classes: "NDArray[Any] | None"
) -> "Rows":
    """Return the row numbers of each split, in the order of the file; all rows of a group are in the same one.

    Groups are taken in the order of `numpy.random.default_rng(seed).permutation(number of groups)`: those that bring
    the test split nearer to its number of rows, then those of the validation split, and the others are the training
    split. With `classes`, each group goes where the shares of the classes deviate least, large groups first: see
    `balanced`.

    Raises:
        DataError: If there are fewer groups than splits.

    """
    import numpy

    wanted = wanted_of(validation, test)
    values, group_of_row = codes_of(groups)
    _require(len(values), len(wanted), "split")
    if classes is None:
        part_of_group = _filled(numpy.bincount(group_of_row), wanted, seed)
    else:
        part_of_group = balanced(group_of_row, codes_of(classes)[1], list(wanted.values()), seed)
    part_of_row = part_of_group[group_of_row]
    return {split: numpy.flatnonzero(part_of_row == part) for part, split in enumerate(wanted)}


def fold_of_groups(groups: "NDArray[Any]", folds: int, seed: int, classes: "NDArray[Any] | None") -> "NDArray[Any]":
    """Return the fold of each row; all rows of a group are in the same one.

    The groups are assigned by size, the largest first, each to the fold with the fewest rows, as by GroupKFold of
    scikit-learn; the seed decides among groups of one size. With `classes`, see `balanced`.

    Raises:
        DataError: If there are fewer groups than folds.

    """
    import numpy

    values, group_of_row = codes_of(groups)
    _require(len(values), folds, "fold")
    if classes is not None:
        return balanced(group_of_row, codes_of(classes)[1], [1 / folds] * folds, seed)[group_of_row]
    sizes = numpy.bincount(group_of_row)
    order = numpy.random.default_rng(seed).permutation(len(sizes))
    order = order[numpy.argsort(-sizes[order], kind="stable")]
    fold_of_group = numpy.empty(len(sizes), dtype=numpy.int64)
    heap = [(0, fold) for fold in range(folds)]
    heapify(heap)
    for group, size in zip(order.tolist(), sizes[order].tolist(), strict=True):
        rows, fold = heappop(heap)
        fold_of_group[group] = fold
        heappush(heap, (rows + size, fold))
    return fold_of_group[group_of_row]


def _require(groups: int, parts: int, noun: str) -> None:
    if groups < parts:
        raise DataError(
            f"There are {counted(parts, noun)}, but only {counted(groups, 'group')}: no group can be in two {noun}s.",
            option=("group_column",),
        )


def _filled(sizes: "NDArray[Any]", wanted: Mapping[str, float], seed: int) -> "NDArray[Any]":
    """Return the part of each group: fill test and validation with groups in random order, up to their sizes."""
    import numpy

    order = numpy.random.default_rng(seed).permutation(len(sizes)).tolist()
    part_of_group = numpy.zeros(len(sizes), dtype=numpy.int64)
    rows, by_group = int(sizes.sum()), sizes.tolist()
    names = list(wanted)
    left = len(order)
    for split in ("test", "validation"):
        if split not in wanted:
            continue
        part, missing = names.index(split), round(wanted[split] * rows)
        # Groups that must be left: one for the training split, and one for the validation split.
        reserved = 2 if split == "test" and "validation" in wanted else 1
        skipped: list[int] = []
        taken = 0
        for place, group in enumerate(order):
            if missing <= 0 or left <= reserved:
                skipped += order[place:]
                break
            if by_group[group] < 2 * missing:  # It brings the split nearer to its size.
                part_of_group[group] = part
                missing -= by_group[group]
                taken += 1
                left -= 1
            else:
                skipped.append(group)
        if not taken:  # All groups are large: the smallest one is the best.
            least = min(skipped, key=by_group.__getitem__)
            part_of_group[least] = part
            skipped.remove(least)
            left -= 1
        order = skipped
    return part_of_group


def balanced(
    group_of_row: "NDArray[Any]", class_of_row: "NDArray[Any]", shares: Sequence[float], seed: int
) -> "NDArray[Any]":
    """Return the part of each group, so that the parts have these shares of the rows and of each class, nearly.

    Each group goes where the sum of (rows - wanted rows)^2 / wanted rows, over all classes and the total, grows least.
    Groups are taken by size, halved from step to step, in random order within a step. The time is linear in the number
    of rows and of parts.
    """
    import numpy

    groups, classes, rows = int(group_of_row.max()) + 1, int(class_of_row.max()) + 1, len(group_of_row)
    pairs, numbers = numpy.unique(group_of_row * classes + class_of_row, return_counts=True)
    sizes, totals = numpy.bincount(group_of_row), numpy.bincount(class_of_row, minlength=classes)
    owner, kind = numpy.divmod(pairs, classes)
    first = numpy.searchsorted(owner, numpy.arange(groups + 1)).tolist()
    kinds, counts, weights = kind.tolist(), numbers.tolist(), (numbers / totals[kind]).tolist()
    order = numpy.random.default_rng(seed).permutation(groups)
    order = order[numpy.argsort(-numpy.frexp(sizes[order].astype(float))[1], kind="stable")]

    # Lists of Python: most groups have few classes, for which calls of NumPy would take longer.
    missing = [[share * total for total in totals.tolist()] for share in shares]
    rows_missing = [share * rows for share in shares]
    every = range(len(shares))
    empty = set(every)
    part_of_group = [0] * groups
    for place, (group, size) in enumerate(zip(order.tolist(), sizes[order].tolist(), strict=True)):
        begin, end = first[group], first[group + 1]
        names, own = kinds[begin:end], counts[begin:end]
        best, least = -1, math.inf
        for part in empty if groups - place <= len(empty) else every:  # Every part gets a group.
            left = missing[part]
            growth = size / rows * (size - 2 * rows_missing[part])
            for name, count, weight in zip(names, own, weights[begin:end], strict=True):
                growth += weight * (count - 2 * left[name])
            growth /= shares[part]
            if growth < least:
                best, least = part, growth
        left = missing[best]
        for name, count in zip(names, own, strict=True):
            left[name] -= count
        rows_missing[best] -= size
        part_of_group[group] = best
        empty.discard(best)
    return numpy.array(part_of_group)
