"""Standardize groups of inputs and cast them to the type that the model takes."""

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from hookline import HooklineWarning
from hookline.data import merged_columns
from hookline.errors import DataError
from hookline_data.reading.great_integers import has_great_numbers
from hookline_data.rows.rows import Group, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 16 * 2**20
"""How many bytes of float64 to process at once."""

Arrays = dict[str, "dict[str, NDArray[Any]]"]
"""The groups of inputs of each split, by name."""
Statistics = dict[str, dict[str, list[float]]]
"""The mean and standard deviation of each column of each standardized group of inputs."""


@frozen(kw_only=True)
class Preparation:
    """How to prepare groups of inputs."""

    standardized: Collection[str]
    """The names of the groups whose columns get mean 0 and variance 1."""
    exempt: Mapping[str, Sequence[bool]] = field(factory=dict)
    """For these groups, whether each column keeps its numbers although the group is standardized."""
    together: bool
    """Whether these groups share their statistics."""
    name: Callable[[str, int], str]
    """Returns the name of a column of a group, for messages."""
    paths: Mapping[str, Path]
    """The file of each split."""

    def apply(self, parts: Mapping[str, Rows]) -> tuple[Arrays, Statistics]:
        """Return the groups of all splits as arrays, and the statistics used to standardize them.

        Statistics of a column are those over the training rows of all groups that share them, without padding, which
        stays 0. Statistics and differences are computed in float64. A column that is constant in the training split is
        only shifted.

        Raises:
            DataError: If a number is too large for the type afterwards; the message names row and column.

        """
        groups = parts["training"].inputs
        together = [name for name in groups if name in self.standardized]
        sets = [together] if self.together and together else [[name] for name in together]
        sets += [[name] for name in groups if name not in self.standardized]
        arrays = {split: {name: _array(rows.inputs[name]) for name in groups} for split, rows in parts.items()}
        statistics: Statistics = {}
        merged: list[Callable[[int], str]] = []
        for names in sets:
            found, sentences = self._fill(names, parts, arrays)
            merged += sentences
            if names[0] in self.standardized:
                statistics |= dict.fromkeys(names, found)
        if merged:
            message = f"{self.paths['training']}: {merged[0](len(merged) - 1)}"
            warnings.warn(HooklineWarning(message, id="merged-numbers"), stacklevel=4)
        return arrays, statistics

    def _fill(
        self, names: Sequence[str], parts: Mapping[str, Rows], arrays: Arrays
    ) -> tuple[dict[str, list[float]], list[Callable[[int], str]]]:
        """Fill the arrays of groups that share statistics, one block of columns after the other.

        Returns the statistics, and a function for each column whose different numbers become equal: given the number of
        other such columns, it returns the message.
        """
        import numpy

        training = [parts["training"].inputs[name] for name in names]
        is_standardized = names[0] in self.standardized
        means: list[float] = []
        stds: list[float] = []
        merged: list[Callable[[int], str]] = []
        places = training[0].places
        size = max(1, BLOCK // (8 * max(1, sum(group.cells_of_a_place for group in training))))
        for first in range(0, places, size):
            stop = min(first + size, places)
            mean = std = None
            if is_standardized:
                mean, std = _statistics([group.cells(first, stop) for group in training])
                if names[0] in self.exempt:
                    is_exempt = numpy.array(self.exempt[names[0]][first:stop])
                    mean[is_exempt], std[is_exempt] = 0, 1
                means += mean.tolist()
                stds += std.tolist()
            for split, rows in parts.items():
                for name in names:
                    group, array = rows.inputs[name], arrays[split][name]
                    raw = group.cells(first, stop)
                    cast = prepared(raw, mean, std, group.dtype)
                    if mean is not None:
                        self._refuse_too_great(cast, group, name, first, split)
                    if split == "training" and _can_merge(raw, cast, is_standardized=is_standardized):
                        merged += [
                            partial(
                                _sentence,
                                one.sentence,
                                self.name(name, first + one.column),
                                group.dtype,
                                _remedy(raw[:, one.column], group.dtype, is_standardized=is_standardized),
                            )
                            for one in merged_columns(raw, cast)
                        ]
                    group.put(array, first, stop, cast)
        return {"mean": means, "std": stds}, merged

    def _refuse_too_great(self, cast: "NDArray[Any]", group: Group, name: str, first: int, split: str) -> None:
        import numpy

        if not (fits := numpy.isfinite(cast)).all():
            cell, column = numpy.argwhere(~fits)[0].tolist()
            called = self.name(name, first + column)
            message = (
                f"Standardized with the statistics of the training split, the number is too large for {group.dtype}."
            )
            if group.lengths is not None:
                raise DataError(f'column "{called}": {message}', file=self.paths[split], columns=[called])
            row = cell // (len(cast) // len(group))
            number = (row if group.rows is None else int(group.rows[row])) + 1
            raise DataError(message, file=self.paths[split], row=number, columns=[called])


def _array(group: Group) -> "NDArray[Any]":
    """Return an array for these rows, with 0 as padding."""
    import numpy

    make = numpy.empty if group.lengths is None else numpy.zeros
    return make((len(group), *group.values.shape[1:]), dtype=group.dtype)


def _statistics(blocks: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return the mean and standard deviation of each column over the rows of all blocks; 1 for a constant column.

    Each column is contiguous in memory, so that the last bits do not depend on which columns are in a block.
    """
    import numpy

    columns = numpy.ascontiguousarray(numpy.concatenate([block.T for block in blocks], axis=1, dtype=numpy.float64))
    mean, std = columns.mean(axis=1), columns.std(axis=1)
    # The computed mean of equal numbers such as 0.1 may be off by one bit, and the deviation may not be 0.
    least = columns.min(axis=1)
    is_constant = least == columns.max(axis=1)
    return numpy.where(is_constant, least, mean), numpy.where(is_constant | (std == 0), 1.0, std)


def prepared(
    raw: "NDArray[Any]", mean: "NDArray[Any] | None", std: "NDArray[Any] | None", dtype: str
) -> "NDArray[Any]":
    """Standardize numbers with these statistics, in float64, unless they are `None`, and cast them to a type."""
    import numpy

    if mean is None or std is None:
        return raw.astype(dtype, copy=False)
    standardized = raw.astype(numpy.float64)
    standardized -= mean
    standardized /= std
    with numpy.errstate(over="ignore"):  # The caller reports an overflow.
        return standardized.astype(dtype, copy=False)


def _can_merge(raw: "NDArray[Any]", cast: "NDArray[Any]", *, is_standardized: bool) -> bool:
    """Whether different numbers may have become equal: a quick test, since counting them requires sorting."""
    if raw.dtype.kind in "biu" and raw.dtype.itemsize <= 2:
        return False  # There are few, and they are far apart.
    # NumPy compares integers with floats as float64.
    return is_standardized or (raw.dtype.kind in "iu" and has_great_numbers(raw)) or not bool((cast == raw).all())


def _sentence(sentence: Callable[[str, str, int], str], name: str, dtype: str, remedy: str, others: int) -> str:
    return f"{sentence(name, dtype, others)} {remedy}"


def _remedy(column: "NDArray[Any]", dtype: str, *, is_standardized: bool) -> str:
    """Return the advice about numbers that become equal. The preparation is computed in float64."""
    if dtype == "float64" or has_great_numbers(column):
        return "subtract a constant from the column in the file."
    remedy = 'set `dtype = "float64"` in [run].'
    return remedy if is_standardized else f"set `standardize = true`, or {remedy}"
