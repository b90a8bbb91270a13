"""Fit a kind of column to training rows that come in parts, because they do not fit in memory together."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from hookline.data.rows.uniform_sample import UniformSample

if TYPE_CHECKING:
    import pyarrow

NOTHING: Mapping[str, Any] = MappingProxyType({})
"""What a kind knows that learns nothing."""


class PartialFit(Protocol):
    """The fit of a kind of column to training rows that come in parts."""

    def add(self, cells: "pyarrow.Array") -> None:
        """Take the cells of more training rows, as `ColumnSpec.fit` takes them."""

    def fitted(self) -> dict[str, Any]:
        """Return what `ColumnSpec.fit` would return for all rows, or nearly.

        Raises:
            DataError: If the cells cannot be fitted.

        """


class NothingToFit:
    """The fit of a kind that learns nothing from the training rows."""

    def __init__(self, fitted: Mapping[str, Any] = NOTHING):
        """Take what the kind knows without them."""
        self._fitted = dict(fitted)

    def add(self, cells: "pyarrow.Array") -> None:
        """Ignore the cells."""

    def fitted(self) -> dict[str, Any]:
        """Return what is known."""
        return self._fitted


class SampledFit:
    """The fit of a kind to a uniform sample of the training rows; to all of them if there are no more."""

    def __init__(self, fit: "Callable[[pyarrow.Array], dict[str, Any]]", most: int):
        """Take the function that fits the kind, and the largest number of rows."""
        import pyarrow

        self._fit = fit
        self._sample: UniformSample[pyarrow.Array] = UniformSample(
            most, take=lambda cells, places: cells.take(places), join=pyarrow.concat_arrays
        )

    def add(self, cells: "pyarrow.Array") -> None:
        """Take the cells of more training rows."""
        self._sample.add(cells, len(cells))

    def fitted(self) -> dict[str, Any]:
        """Return what the kind learns of the sample."""
        return self._fit(self._sample.rows())
