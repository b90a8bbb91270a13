"""Standardize groups of inputs and cast them to the type that the model takes."""

import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from hookline import HooklineWarning
from hookline.errors import DataError
from hookline_data.arrow_columns.threads import in_threads
from hookline_data.preparing.matrix import Matrix
from hookline_data.preparing.merged_numbers import Message, can_be_merged, in_parts, messages
from hookline_data.preparing.standardize import standardized, statistics_of
from hookline_data.rows.rows import Group, Rows, block_of, parts_of

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
        scales = self.learned(parts["training"].inputs)
        arrays: Arrays = {split: {} for split in parts}
        for name in parts["training"].inputs:
            own = {split: rows.inputs[name] for split, rows in parts.items()}
            for split, array in self._filled(name, own, scales.get(name)).items():
                arrays[split][name] = array
        statistics = {name: {"mean": mean.tolist(), "std": std.tolist()} for name, (mean, std) in scales.items()}
        return arrays, statistics

    def learned(self, groups: Mapping[str, Group]) -> dict[str, Scale]:
        """Return what the groups are standardized with, given the training rows, and warn of merged numbers."""
        together = [name for name in groups if name in self.standardized]
        sets = [together] if self.together and together else [[name] for name in together]
        sets += [[name] for name in groups if name not in self.standardized]
        scales: dict[str, Scale] = {}
        merged: list[Message] = []
        for names in sets:
            scale, sentences = self._learned(names, groups)
            merged += sentences
            if scale is not None:
                scales |= dict.fromkeys(names, scale)
        if merged:
            message = f"{self.paths['training']}: {merged[0](len(merged) - 1)}"
            warnings.warn(HooklineWarning(message, id="merged-numbers"), stacklevel=5)
        return scales

    def _learned(self, names: Sequence[str], groups: Mapping[str, Group]) -> tuple[Scale | None, list[Message]]:
        """Return what groups that share statistics are standardized with, and messages about merged numbers.

        There is a function for each place whose different numbers become equal: given the number of other such places,
        it returns the message.
        """
        import numpy

        places = groups[names[0]].places
        exempt = self.exempt.get(names[0], [False] * places)
        is_standardized = names[0] in self.standardized
        means, stds = numpy.zeros(places), numpy.ones(places)

        def learn(some: tuple[int, int]) -> list[Message]:
            """Compute the statistics of some places, and return the messages about them."""
            first, own = some[0], slice(*some)
            found: list[Message] = []
            if is_standardized and not all(exempt[own]):
                blocks = [groups[name].cells(*some) for name in names]
                means[own], stds[own] = statistics_of(blocks)
                for name, cells in zip(names, blocks, strict=True):
                    found += self._merged(name, groups[name].dtype, first, in_parts(cells), (means[own], stds[own]))
                return found
            for name in names:
                if can_be_merged(groups[name]):
                    found += self._merged(name, groups[name].dtype, first, groups[name].different(*some), None)
            return found

        size = max(1, BLOCK // (8 * max(1, sum(groups[name].cells_of_a_place for name in names))))
        merged = list(chain.from_iterable(in_threads(learn, groups[names[0]].ranges(size))))
        return (means, stds) if is_standardized else None, merged

    def _merged(
        self, name: str, dtype: str, first: int, blocks: "Iterator[NDArray[Any]]", scale: Scale | None
    ) -> Iterator[Message]:
        """Yield the messages about places, from `first`, whose different numbers become equal."""
        has_kind = name in self.exempt and self.exempt[name][first]
        yield from messages(
            blocks,
            dtype,
            lambda place: self.name(name, first + place),
            scale,
            can_be_standardized=scale is None and not has_kind,
        )

    def _filled(self, name: str, groups: Mapping[str, Group], scale: Scale | None) -> "dict[str, NDArray[Any]]":
        """Return a group of all splits as arrays, with 0 as padding. Splits of the same file are filled together."""
        import numpy

        arrays = {
            split: numpy.empty((len(group), *group.values.shape[1:]), dtype=group.dtype)
            for split, group in groups.items()
        }
        sources = {id(group.values): group.values for group in groups.values()}
        for source, values in sources.items():
            own = {split: group for split, group in groups.items() if id(group.values) == source}
            fill = partial(self._fill, name, values, own, arrays, scale)
            deque(in_threads(fill, parts_of(values)), maxlen=0)
        return arrays

    def _fill(
        self,
        name: str,
        values: "NDArray[Any] | Matrix",
        groups: Mapping[str, Group],
        arrays: "Mapping[str, NDArray[Any]]",
        scale: Scale | None,
        part: tuple[int, Any],
    ) -> None:
        """Write a part of the rows of a source into the arrays of its splits."""
        import numpy

        start, block = part[0], block_of(values, part[1])
        made = _made(block, scale, next(iter(groups.values())).dtype)
        for split, group in groups.items():
            first, stop = start, start + len(block)
            rows: Any = slice(None)
            if group.rows is not None:
                first, stop = numpy.searchsorted(group.rows, [start, stop]).tolist()
                rows = group.rows[first:stop] - start
            own = arrays[split][first:stop]
            own[...] = made[rows]
            if group.lengths is not None:
                own[~group.is_step(first, stop)] = 0
            is_checked = scale is not None or name in self.exempt
            if is_checked and not (fits := numpy.isfinite(own)).all():
                row, *place = numpy.argwhere(~fits)[0].tolist()
                raise self._too_great(name, split, group, first + row, place, block[rows][row, *place])

    def _too_great(
        self, name: str, split: str, group: Group, row: int, place: Sequence[int], number: float
    ) -> DataError:
        """Return the error about a number that is not finite after the preparation; `place` is the one in its row."""
        last = place[-1] if group.has_places else 0
        message = f"Standardized with the statistics of the training split, the number is too large for {group.dtype}."
        if name not in self.standardized or (name in self.exempt and self.exempt[name][last]):
            message = f"{number} is not a finite {group.dtype}."
        in_file = (row if group.rows is None else int(group.rows[row])) + 1
        return DataError(message, file=self.paths[split], row=in_file, columns=[self.name(name, last)])


def _made(block: "NDArray[Any]", scale: Scale | None, dtype: str) -> "NDArray[Any]":
    """Return rows standardized and cast, each of which is contiguous in memory."""
    import numpy

    if scale is None and block.dtype == dtype and block.flags.c_contiguous:
        return block
    made = numpy.empty(block.shape, dtype=dtype)
    with numpy.errstate(over="ignore"):  # The caller reports an overflow.
        made[...] = block if scale is None else standardized(block, *scale)
    return made
