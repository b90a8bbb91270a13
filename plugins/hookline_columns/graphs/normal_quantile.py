"""The inverse of the normal distribution as a graph: ONNX has no operator for it."""

from collections.abc import Sequence
from typing import Any

from hookline.spec import Graph, Value

TAIL = 0.13533528323661269189
"""exp(-2): the rank below which `ndtri` computes a tail."""
SQRT_2_PI = 2.50662827463100050242
# fmt: off
P0 = (
    -59.9633501014107895267, 98.0010754185999661536, -56.6762857469070293439, 13.9312609387279679503,
    -1.23916583867381258016,
)
Q0 = (
    1.0, 1.95448858338141759834, 4.67627912898881538453, 86.3602421390890590575,
    -225.462687854119370527, 200.260212380060660359, -82.0372256168333339912, 15.9056225126211695515,
    -1.18331621121330003142,
)
P1 = (
    4.05544892305962419923, 31.5251094599893866154, 57.1628192246421288162, 44.0805073893200834700,
    14.6849561928858024014, 2.18663306850790267539, -0.140256079171354495875, -0.0350424626827848203418,
    -0.000857456785154685413611,
)
Q1 = (
    1.0, 15.7799883256466749731, 45.3907635128879210584, 41.3172038254672030440,
    15.0425385692907503408, 2.50464946208309415979, -0.142182922854787788574, -0.0380806407691578277194,
    -0.000933259480895457427372,
)
# fmt: on
"""The coefficients of the polynomials in `ndtri`, of the middle and of the tails."""


def normal_quantile_in_graph(graph: Graph, ranks: Value) -> Value:
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
