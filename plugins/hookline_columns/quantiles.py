"""Numbers mapped to a uniform or normal distribution by their quantiles."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import counted
from hookline.spec import Graph, Value, option, spec
from hookline_columns.arrays.one_hot import places_in_graph
from hookline_columns.base import NumberColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST = 1e-7
"""The least distance to 0 and 1 of a rank, so that its normal quantile is finite; scikit-learn's number."""

TAIL = 0.13533528323661269189
"""exp(-2): the rank below which `ndtri` computes a tail."""
SQRT_2_PI = 2.50662827463100050242
P0: tuple[float, ...] = (
    -59.9633501014107895267,
    98.0010754185999661536,
    -56.6762857469070293439,
    13.9312609387279679503,
)
P0 += (-1.23916583867381258016,)
Q0: tuple[float, ...] = (
    1.0,
    1.95448858338141759834,
    4.67627912898881538453,
    86.3602421390890590575,
    -225.462687854119370527,
)
Q0 += (200.260212380060660359, -82.0372256168333339912, 15.9056225126211695515, -1.18331621121330003142)
P1: tuple[float, ...] = (4.05544892305962419923, 31.5251094599893866154, 57.1628192246421288162, 44.0805073893200834700)
P1 += (14.6849561928858024014, 2.18663306850790267539, -0.140256079171354495875, -0.0350424626827848203418)
P1 += (-0.000857456785154685413611,)
Q1: tuple[float, ...] = (
    1.0,
    15.7799883256466749731,
    45.3907635128879210584,
    41.3172038254672030440,
    15.0425385692907503408,
)
Q1 += (2.50464946208309415979, -0.142182922854787788574, -0.0380806407691578277194, -0.000933259480895457427372)
"""The coefficients of the polynomials in `ndtri`, of the middle and of the tails."""


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
        return _normal_quantile(graph, graph.op("Clip", ranks, numpy.float64(least), numpy.float64(1 - least)))


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


def _normal_quantile(graph: Graph, ranks: Value) -> Value:
    """Add the inverse of the normal distribution to a graph, for ranks from 1e-7 to 1 - 1e-7.

    It is `ndtri` of Cephes by Stephen L. Moshier, which torch and SciPy use: https://netlib.org/cephes/
    """
    import numpy

    is_upper = graph.op("Greater", ranks, numpy.float64(1 - TAIL))
    one = numpy.float64(1)
    tail = graph.op("Where", is_upper, graph.op("Sub", one, ranks), ranks)
    centered = graph.op("Sub", tail, numpy.float64(0.5))
    squared = graph.op("Mul", centered, centered)
    ratio = graph.op("Div", _polynomial(graph, squared, P0), _polynomial(graph, squared, Q0))
    middle = graph.op("Add", centered, graph.op("Mul", centered, graph.op("Mul", squared, ratio)))
    middle = graph.op("Mul", middle, numpy.float64(SQRT_2_PI))
    x = graph.op("Sqrt", graph.op("Mul", graph.op("Log", tail), numpy.float64(-2)))
    x0 = graph.op("Sub", x, graph.op("Div", graph.op("Log", x), x))
    z = graph.op("Div", one, x)
    ratio = graph.op("Div", _polynomial(graph, z, P1), _polynomial(graph, z, Q1))
    outer = graph.op("Sub", x0, graph.op("Mul", z, ratio))
    outer = graph.op("Where", is_upper, outer, graph.op("Neg", outer))
    return graph.op("Where", graph.op("Greater", tail, numpy.float64(TAIL)), middle, outer)


def _polynomial(graph: Graph, value: Value, coefficients: Sequence[float]) -> Value:
    """Add a polynomial to a graph; the coefficient of the highest power comes first."""
    import numpy

    first, *others = map(numpy.float64, coefficients)
    result: Any = graph.op("Add", graph.op("Mul", value, first), others.pop(0))
    for coefficient in others:
        result = graph.op("Add", graph.op("Mul", result, value), coefficient)
    return str(result)
