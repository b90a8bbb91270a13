"""Numbers divided into bins."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline.data import Summary
from hookline.errors import OptionError, counted
from hookline.spec import Graph, Value, option, spec
from hookline_columns.arrays.cells import filled
from hookline_columns.arrays.one_hot import one_hot, one_hot_in_graph, places_in_graph
from hookline_columns.base import NumberColumn

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

    from hookline.script import Script

NARROWEST = 1e-8
"""Bins that are not wider are left out, as in scikit-learn."""


@spec
class KBinsDiscretizer(NumberColumn):
    """Numbers replaced by the bin that they are in: one-hot, or as an index for an `Embedding`.

    Numbers beyond the training rows belong to the first or the last bin. Quantiles are interpolated linearly, as with
    `quantile_method = "linear"`. See scikit-learn's KBinsDiscretizer:
    https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.KBinsDiscretizer.html
    """

    n_bins: int = option(default=5, minimum=2)
    """The number of bins; fewer if quantiles are equal."""
    encode: Literal["onehot", "ordinal"] = "onehot"
    """Whether the result is an input for each bin, or an index."""
    strategy: Literal["uniform", "quantile"] = "quantile"
    """Whether bins have the same width, or the same number of training rows."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report an indicator beside an index."""
        yield from super().conflicts()
        if self.indicator and self.encode == "ordinal":
            message = "An index cannot have an indicator beside it."
            yield OptionError("indicator", message, against=[("encode",)])

    @property
    def gives_indices(self) -> bool:
        """Whether it returns indices."""
        return self.encode == "ordinal"

    @property
    def learns_from(self) -> Literal["summary", "numbers"]:  # type: ignore[override]
        """The smallest and the greatest number, or all of them for quantiles."""
        return "summary" if self.strategy == "uniform" else "numbers"

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function of the bins, and return a call of it."""
        from hookline_columns.ejecting.quantiles import eject_bins

        return eject_bins(self, script, cells, training)

    def learn_summary(self, summary: Summary) -> dict[str, Any]:
        """Return the edges of bins of the same width."""
        import numpy

        return self._of_edges(numpy.linspace(summary.minimum, summary.maximum, self.n_bins + 1))

    def learn(self, numbers: "NDArray[Any]") -> dict[str, Any]:
        """Return the edges of bins with the same number of rows."""
        import numpy

        edges = numpy.percentile(numbers, numpy.linspace(0, 100, self.n_bins + 1))
        return self._of_edges(edges[numpy.ediff1d(edges, to_begin=numpy.inf) > NARROWEST])

    def _of_edges(self, edges: "NDArray[Any]") -> dict[str, Any]:
        import numpy

        if len(edges) < 2 or edges[0] == edges[-1]:
            return {"edges": [-numpy.finfo(float).max, numpy.finfo(float).max]}  # All numbers are equal.
        return {"edges": edges.tolist()}

    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the bins."""
        import numpy

        return numpy.searchsorted(numpy.array(fitted["edges"][1:-1]), numbers, side="right")

    def graph_of_numbers(self, graph: Graph, numbers: Value, fitted: Mapping[str, Any]) -> Value:
        """Add the bins, as an index or one-hot."""
        import numpy

        places = places_in_graph(graph, numbers, numpy.array(fitted["edges"][1:-1], dtype=numpy.float64))
        return places if self.encode == "ordinal" else one_hot_in_graph(graph, places, len(fitted["edges"]) - 1)

    def transform(self, cells: "pyarrow.Array", fitted: Mapping[str, Any]) -> "pyarrow.Array":
        """Return indices, or 0 and 1 for each bin, followed by the indicator."""
        import numpy
        import pyarrow

        size = len(fitted["edges"]) - 1
        indices = self.compute(filled(cells, fitted), fitted)
        if self.encode == "ordinal":
            return pyarrow.array(indices.astype(numpy.int64))
        if not self.indicator:
            return one_hot(indices, size)
        is_missing = cells.is_null().to_numpy(zero_copy_only=False)
        parts = one_hot(indices, size).flatten().to_numpy(zero_copy_only=False).reshape(-1, size)
        numbers = numpy.column_stack([parts, is_missing.astype(numpy.uint8)])
        return pyarrow.FixedSizeListArray.from_arrays(numbers.reshape(-1), size + 1)

    def cells(self, column: str, numbers: Sequence[float], fitted: Mapping[str, Any]) -> Mapping[str, str | float]:
        """Return the bin, such as "20 to 30"."""
        if self.indicator and numbers[-1]:
            return {column: "missing"}
        index = int(numbers[0]) if self.encode == "ordinal" else list(numbers).index(1)
        low, high = fitted["edges"][index : index + 2]
        return {column: f"{low:.4g} to {high:.4g}"}

    def names(self, column: str, fitted: Mapping[str, Any]) -> Sequence[str]:
        """Return the name of each bin, such as "age from 20 to 30"."""
        edges = fitted["edges"]
        if self.encode == "ordinal":
            return (column,)
        bins = [f"{column} from {low:.4g} to {high:.4g}" for low, high in itertools.pairwise(edges)]
        return (*bins, *([f"{column} is missing"] if self.indicator else []))

    def cardinality(self, fitted: Mapping[str, Any]) -> int | None:
        """Return the number of bins."""
        return len(fitted["edges"]) - 1 if self.encode == "ordinal" else None

    def summary(self, fitted: Mapping[str, Any]) -> str:
        """Return the number of bins, and the range."""
        edges = fitted["edges"]
        return f"{counted(len(edges) - 1, 'bin')} from {edges[0]:.4g} to {edges[-1]:.4g}"
