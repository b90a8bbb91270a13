"""Powers of numbers as a graph."""

from hookline.spec import Graph, Value

SMALL = 1e-5
"""A power below which the result is a series."""


def power_in_graph(graph: Graph, logarithms: Value, power: float) -> Value:
    """Add `expm1(power * logarithms) / power` to a graph, with the first terms of a series for a power near 0.

    Args:
        graph: the graph.
        logarithms: the logarithms, float64.
        power: the power.

    """
    import numpy

    if abs(power) >= SMALL:
        grown = graph.op("Exp", graph.op("Mul", logarithms, numpy.float64(power)))
        return graph.op("Div", graph.op("Sub", grown, numpy.float64(1)), numpy.float64(power))
    exponents = graph.op("Mul", logarithms, numpy.float64(power))
    terms = graph.op("Add", graph.op("Mul", exponents, numpy.float64(1 / 6)), numpy.float64(1 / 2))
    factor = graph.op("Add", graph.op("Mul", exponents, terms), numpy.float64(1))
    return graph.op("Mul", logarithms, factor)
