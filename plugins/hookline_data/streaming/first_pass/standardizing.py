"""The statistics of standardized groups of inputs, merged from parts of the training rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hookline.data import Summary
from hookline_data.layout.layout import InputColumns, Layout
from hookline_data.rows.rows import Group

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Standardizing:
    """The mean and standard deviation of each column of the standardized groups of inputs.

    They equal those of `Preparation`, except for the last bits.
    """

    def __init__(self, layout: Layout):
        """Begin without rows."""
        self._layout = layout
        self._summaries: dict[str, Summary] = {}

    def columns(self, group: InputColumns) -> list[str]:
        """Return the columns of a group that are standardized: those without a kind."""
        return [name for name in group.columns if name not in group.kinds] if group.is_standardized else []

    def add(self, name: str, group: Group) -> None:
        """Take the standardized columns of more training rows of a group of inputs."""
        import numpy

        cells = numpy.ascontiguousarray(group.cells(0, group.places).T, dtype=numpy.float64)
        if cells.shape[1]:
            found = Summary.of(cells)
            self._summaries[name] = self._summaries[name].merged(found) if name in self._summaries else found

    def statistics(self, name: str, sizes: Sequence[int]) -> dict[str, list[float]]:
        """Return the statistics of a group; `sizes` are how many numbers each of its columns is.

        Groups that share layers share their statistics.
        """
        group = self._layout.inputs[name]
        if not group.is_standardized:
            return {}
        import numpy

        found = self._summaries[name]
        if self._layout.is_siamese:
            first, *others = self._summaries.values()
            found = first
            for other in others:
                found = found.merged(other)
        is_constant = found.minimum == found.maximum
        mean = numpy.where(is_constant, found.minimum, found.mean)
        std = numpy.where(is_constant | (found.std == 0), 1.0, found.std)
        return {"mean": self._placed(mean, group, sizes, 0.0), "std": self._placed(std, group, sizes, 1.0)}

    def _placed(self, numbers: "NDArray[Any]", group: InputColumns, sizes: Sequence[int], other: float) -> list[float]:
        """Return a number for each place of a row: `other` for places of columns with a kind."""
        given = iter(numbers.tolist())
        return [other if is_exempt else next(given) for is_exempt in group.exempt(sizes)]
