"""Standardize groups of inputs and cast them to the type that the model takes."""

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from hookline import HooklineWarning
from hookline.data import merged_columns
from hookline.errors import DataError
from hookline_data.reading.great_integers import has_great_numbers
from hookline_data.rows.rows import Group, Rows, blocks_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 8 * 2**20
"""How many bytes of float64 to compute statistics of at once."""

Arrays = dict[str, "dict[str, NDArray[Any]]"]
"""The groups of inputs of each split, by name."""
Statistics = dict[str, dict[str, list[float]]]
"""The mean and standard deviation of each column of each standardized group of inputs."""
Scale = tuple["NDArray[Any]", "NDArray[Any]"]
"""The mean and standard deviation of each place of a group, in float64."""


@frozen(kw_only=True)
class Preparation:
    """How to prepare groups of inputs."""

    standardized: Collection[str]
    """The names of the groups whose columns get mean 0 and variance 1."""
    exempt: Mapping[str, Sequence[bool]] = field(factory=dict)
    """For groups with kinds of columns, whether each place is of a kind: it keeps its numbers."""
    together: bool
    """Whether these groups share their statistics."""
    name: Callable[[str, int], str]
    """Returns the name of a place of a group, for messages."""
    paths: Mapping[str, Path]
    """The file of each split."""

    def apply(self, parts: Mapping[str, Rows]) -> tuple[Arrays, Statistics]:
        """Return the groups of all splits as arrays, and the statistics used to standardize them.

        Statistics of a column are those over the training rows of all groups that share them, without padding, which
        stays 0. Statistics and differences are computed in float64. A column that is constant in the training split is
        only shifted. The groups of a table are freed while they are read, so that this can be called only once.

        Raises:
            DataError: If a number is too large for the type; the message names row and column.

        """
        groups = parts["training"].inputs
        together = [name for name in groups if name in self.standardized]
        sets = [together] if self.together and together else [[name] for name in together]
        sets += [[name] for name in groups if name not in self.standardized]
        scales: dict[str, Scale] = {}
        merged: list[Callable[[int], str]] = []
        for names in sets:
            scale, sentences = self._learned(names, groups)
            merged += sentences
            if scale is not None:
                scales |= dict.fromkeys(names, scale)
        if merged:
            message = f"{self.paths['training']}: {merged[0](len(merged) - 1)}"
            warnings.warn(HooklineWarning(message, id="merged-numbers"), stacklevel=4)
        arrays: Arrays = {split: {} for split in parts}
        for name in groups:
            own = {split: rows.inputs[name] for split, rows in parts.items()}
            for split, array in self._filled(name, own, scales.get(name)).items():
                arrays[split][name] = array
        statistics = {name: {"mean": mean.tolist(), "std": std.tolist()} for name, (mean, std) in scales.items()}
        return arrays, statistics

    def _learned(
        self, names: Sequence[str], groups: Mapping[str, Group]
    ) -> tuple[Scale | None, list[Callable[[int], str]]]:
        """Return what groups that share statistics are standardized with, and messages about merged numbers.

        There is a function for each place whose different numbers become equal: given the number of other such places,
        it returns the message.
        """
        import numpy

        places = groups[names[0]].places
        exempt = self.exempt.get(names[0], [False] * places)
        is_standardized = names[0] in self.standardized
        means, stds = numpy.zeros(places), numpy.ones(places)
        merged: list[Callable[[int], str]] = []
        size = max(1, BLOCK // (8 * max(1, sum(groups[name].cells_of_a_place for name in names))))
        for first, stop in groups[names[0]].ranges(size):
            own = slice(first, stop)
            if is_standardized and not all(exempt[own]):
                blocks = [groups[name].cells(first, stop) for name in names]
                means[own], stds[own] = _statistics(blocks)
                for name, cells in zip(names, blocks, strict=True):
                    merged += self._merged(name, groups[name].dtype, first, cells, (means[own], stds[own]))
                continue
            for name in names:
                if _can_be_merged(groups[name]) and (found := groups[name].different(first, stop)) is not None:
                    merged += self._merged(name, groups[name].dtype, first, found, None)
        return (means, stds) if is_standardized else None, merged

    def _merged(
        self, name: str, dtype: str, first: int, cells: "NDArray[Any]", scale: Scale | None
    ) -> Iterator[Callable[[int], str]]:
        """Yield the messages about places, from `first`, whose different numbers become equal."""
        if not len(cells):
            return
        cast = prepared(cells, *(scale or (None, None)), dtype)
        if not _are_merged(cells, cast, is_standardized=scale is not None):
            return
        has_kind = bool(self.exempt) and name in self.exempt and self.exempt[name][first]
        for one in merged_columns(cells, cast):
            called = self.name(name, first + one.column)
            remedy = _remedy(cells[:, one.column], dtype, can_be_standardized=scale is None and not has_kind)
            yield partial(_sentence, one.sentence, called, dtype, remedy)

    def _filled(self, name: str, groups: Mapping[str, Group], scale: Scale | None) -> "dict[str, NDArray[Any]]":
        """Return a group of all splits as arrays, with 0 as padding. Splits of the same file are filled together."""
        import numpy

        arrays = {}
        for split, group in groups.items():
            make = numpy.empty if group.lengths is None else numpy.zeros
            arrays[split] = make((len(group), *group.values.shape[1:]), dtype=group.dtype)
        is_checked = scale is not None or name in self.exempt
        sources = {id(group.values): group.values for group in groups.values()}
        for source, values in sources.items():
            begins = {split: 0 for split, group in groups.items() if id(group.values) == source}
            for start, block in blocks_of(values):
                for split, first in begins.items():
                    group, rows, stop = groups[split], block, first + len(block)
                    if group.rows is not None:
                        stop = int(numpy.searchsorted(group.rows, start + len(block)))
                        rows = block[group.rows[first:stop] - start]
                    _put(arrays[split], rows, group, first, scale)
                    if is_checked and not (fits := numpy.isfinite(arrays[split][first:stop])).all():
                        raise self._too_great(name, split, group, first, rows, numpy.argwhere(~fits)[0].tolist(), scale)
                    begins[split] = stop
        return arrays

    def _too_great(
        self,
        name: str,
        split: str,
        group: Group,
        first: int,
        rows: "NDArray[Any]",
        index: Sequence[int],
        scale: Scale | None,
    ) -> DataError:
        """Return the error about a number that is not finite after the preparation; `index` is its place in `rows`."""
        place = index[-1] if group.has_places else 0
        has_kind = name in self.exempt and self.exempt[name][place]
        message = f"Standardized with the statistics of the training split, the number is too large for {group.dtype}."
        if scale is None or has_kind:
            message = f"{rows[tuple(index)]} is not a finite {group.dtype}."
        row = first + index[0]
        number = (row if group.rows is None else int(group.rows[row])) + 1
        return DataError(message, file=self.paths[split], row=number, columns=[self.name(name, place)])


def _put(array: "NDArray[Any]", part: "NDArray[Any]", group: Group, first: int, scale: Scale | None) -> None:
    """Write rows into an array of the rows of a group, from `first`, standardized and cast."""
    import numpy

    own = array[first : first + len(part)]
    mask: Any = ... if group.lengths is None else group.is_step(first, first + len(part))
    with numpy.errstate(over="ignore"):  # The caller reports an overflow.
        own[mask] = part[mask] if scale is None else _standardized(part[mask], *scale)


def _statistics(blocks: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return the mean and standard deviation of each column over the rows of all blocks; 1 for a constant column.

    Each column is contiguous in memory, so that the last bits do not depend on which columns are in a block.
    """
    import numpy

    together = blocks[0].T if len(blocks) == 1 else numpy.concatenate([block.T for block in blocks], axis=1)
    columns = numpy.ascontiguousarray(together, dtype=numpy.float64)
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
    with numpy.errstate(over="ignore"):  # The caller reports an overflow.
        return _standardized(raw, mean, std).astype(dtype, copy=False)


def _standardized(raw: "NDArray[Any]", mean: "NDArray[Any]", std: "NDArray[Any]") -> "NDArray[Any]":
    import numpy

    standardized = numpy.subtract(raw, mean, dtype=numpy.float64)
    return numpy.divide(standardized, std, out=standardized)


def _can_be_merged(group: Group) -> bool:
    """Whether numbers of the group's source may become equal in the group's type: all its numbers may differ there."""
    import numpy

    kind = group.values.dtype
    is_kept = numpy.can_cast(kind, group.dtype, "safe") and (kind.itemsize < 8 or kind == group.dtype)
    return not is_kept


def _are_merged(raw: "NDArray[Any]", cast: "NDArray[Any]", *, is_standardized: bool) -> bool:
    """Whether different numbers may have become equal: a quick test, since counting them requires sorting."""
    if raw.dtype.kind in "biu" and raw.dtype.itemsize <= 2:
        return False  # There are few, and they are far apart.
    # NumPy compares integers with floats as float64.
    return is_standardized or (raw.dtype.kind in "iu" and has_great_numbers(raw)) or not bool((cast == raw).all())


def _sentence(sentence: Callable[[str, str, int], str], name: str, dtype: str, remedy: str, others: int) -> str:
    return f"{sentence(name, dtype, others)} {remedy}"


def _remedy(column: "NDArray[Any]", dtype: str, *, can_be_standardized: bool) -> str:
    """Return the advice about numbers that become equal. The preparation is computed in float64."""
    if dtype == "float64" or has_great_numbers(column):
        return "subtract a constant from the column in the file."
    remedy = 'set `dtype = "float64"` in [run].'
    return f"set `standardize = true`, or {remedy}" if can_be_standardized else remedy
