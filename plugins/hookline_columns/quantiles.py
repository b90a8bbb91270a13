"""Numbers mapped to a uniform or normal distribution by their quantiles."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import counted
from hookline.spec import Graph, Value, option, spec
from hookline_columns.arrays.one_hot import places_in_graph
from hookline_columns.base import NumberColumn
from hookline_columns.graphs.normal_quantile import normal_quantile_in_graph

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script

SMALLEST = 1e-7
"""The least distance to 0 and 1 of a rank, so that its normal quantile is finite; scikit-learn's number."""


@spec
class QuantileTransformer(NumberColumn):
    """Numbers replaced by their rank in the training rows, which has a uniform or normal distribution.

    Between two quantiles ranks are interpolated linearly. Unlike scikit-learn's, it uses all training rows, as with
    `subsample=None`:
    https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.QuantileTransformer.html
    """

    n_quantiles: int = option(default=1000, minimum=2)
    """The number of quantiles; at most the number of training rows is used."""
    output_distribution: Literal["uniform", "normal"] = "uniform"
    """The distribution of the results: between 0 and 1, or standard normal."""

    learns_from = "numbers"

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function of the ranks, and return a call of it."""
        from hookline_columns.ejecting.quantiles import eject_quantiles

        return eject_quantiles(self, script, cells, training)

    def eject_target(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> tuple[str, str]:
        """Add the lines that transform a target, and the function that undoes it."""
        from hookline_columns.ejecting.quantiles import eject_quantiles_of_target

        return eject_quantiles_of_target(self, script, cells, training)

    def learn(self, numbers: "NDArray[Any]") -> dict[str, Any]:
        """Return the quantiles."""
        import numpy

        places = numpy.linspace(0, 1, min(self.n_quantiles, len(numbers)))
        return {"quantiles": numpy.maximum.accumulate(numpy.nanpercentile(numbers, places * 100)).tolist()}

    def summary(self, fitted: Mapping[str, Any]) -> str:
        """Return the number of quantiles, and the range."""
        known = fitted["quantiles"]
        return f"{counted(len(known), 'quantile')} from {known[0]:.4g} to {known[-1]:.4g}"

    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the ranks, or the normal quantiles of the ranks."""
        import numpy
        import torch

        known = numpy.array(fitted["quantiles"])
        places = numpy.linspace(0, 1, len(known))
        # Equal quantiles belong to a range of ranks, of which this is the middle.
        ranks = 0.5 * (numpy.interp(numbers, known, places) - numpy.interp(-numbers, -known[::-1], -places[::-1]))
        is_normal = self.output_distribution == "normal"
        margin = SMALLEST if is_normal else 0.0
        ranks[numbers - margin < known[0]] = 0.0
        ranks[numbers + margin > known[-1]] = 1.0
        if not is_normal:
            return ranks
        limits = torch.tensor([SMALLEST - numpy.spacing(1), 1 - (SMALLEST - numpy.spacing(1))], dtype=torch.float64)
        low, high = torch.special.ndtri(limits).tolist()
        return torch.special.ndtri(torch.from_numpy(ranks)).numpy().clip(low, high)

    def inverse_transform(self, numbers: "Tensor", fitted: Mapping[str, Any]) -> "Tensor":
        """Return the numbers in the unit of the column: quantiles, between which it interpolates linearly."""
        import torch

        ranks = numbers
        if self.output_distribution == "normal":
            ranks = torch.special.ndtr(numbers)
            ranks = ranks.where(ranks >= SMALLEST, 0.0).where(ranks <= 1 - SMALLEST, 1.0)
        known = torch.tensor(fitted["quantiles"], dtype=numbers.dtype, device=numbers.device)
        if len(known) == 1:
            return known.expand_as(numbers)
        places = ranks.clamp(0, 1) * (len(known) - 1)
        below = places.floor().clamp(max=len(known) - 2)
        low = below.long()
        return torch.lerp(known[low], known[low + 1], places - below)

    def graph_of_numbers(self, graph: Graph, numbers: Value, fitted: Mapping[str, Any]) -> Value:
        """Add the interpolation, and the normal quantiles."""
        import numpy

        known = numpy.array(fitted["quantiles"], dtype=numpy.float64)
        places = numpy.linspace(0, 1, len(known))
        is_normal = self.output_distribution == "normal"
        margin = numpy.float64(SMALLEST if is_normal else 0.0)
        up = _interpolated(graph, numbers, known, places)
        down = _interpolated(graph, graph.op("Neg", numbers), -known[::-1], -places[::-1])
        ranks = graph.op("Mul", graph.op("Sub", up, down), numpy.float64(0.5))
        is_low = graph.op("Less", graph.op("Sub", numbers, margin), known[0])
        is_high = graph.op("Greater", graph.op("Add", numbers, margin), known[-1])
        ranks = graph.op("Where", is_low, numpy.float64(0), ranks)
        ranks = graph.op("Where", is_high, numpy.float64(1), ranks)
        if not is_normal:
            return ranks
        least = SMALLEST - numpy.spacing(1)
        return normal_quantile_in_graph(graph, graph.op("Clip", ranks, numpy.float64(least), numpy.float64(1 - least)))


def _interpolated(graph: Graph, numbers: Value, known: "NDArray[Any]", values: "NDArray[Any]") -> Value:
    """Add `numpy.interp` to a graph; `known` ascends, and has equal numbers perhaps."""
    import numpy

    # The last of the known numbers that is not greater; beyond the ends, the value at the end.
    place = graph.op("Sub", places_in_graph(graph, numbers, known), numpy.int64(1))
    place = graph.op("Clip", place, numpy.int64(0), numpy.int64(len(known) - 1))
    widths = numpy.append(numpy.diff(known), 0.0)
    slopes = numpy.divide(numpy.append(numpy.diff(values), 0.0), widths, out=numpy.zeros_like(widths), where=widths > 0)
    beyond = graph.op("Sub", numbers, graph.op("Gather", known, place))
    beyond = graph.op("Max", beyond, numpy.float64(0))
    return graph.op(
        "Add", graph.op("Mul", graph.op("Gather", slopes, place), beyond), graph.op("Gather", values, place)
    )
