"""Numbers made more like a normal distribution by a power."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from hookline.data import Summary
from hookline.spec import Graph, Value, spec
from hookline_columns.base import NumberColumn
from hookline_columns.graphs.power import power_in_graph
from hookline_columns.scalers import moments

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script

GREATEST = 100.0
"""The greatest absolute value of the power."""

LARGEST_LOSS = 16.0
"""The greatest exponent of e by which a negative power makes numbers smaller than 1, to which they are added."""

LARGEST_EXPONENT = 300.0
"""The greatest exponent of e in a transformed number, so that its square is finite."""

STEPS = 100
"""The largest number of steps to find the power."""

TOLERANCE = 1e-13
"""The precision of the power."""

SMALL = 1e-5
"""The exponent of e below which a difference is computed by a series."""


@spec
class PowerTransformer(NumberColumn):
    """Skewed numbers made more like a normal distribution by a power, which is estimated by maximum likelihood.

    Results have mean 0 and variance 1 in the training rows. The power is more precise than that of scikit-learn's
    PowerTransformer, which it equals to about seven digits:
    https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.PowerTransformer.html
    """

    method: Literal["yeo-johnson", "box-cox"] = "yeo-johnson"
    """The transform: "yeo-johnson" for any numbers, "box-cox" for numbers above 0."""
    standardize: bool = True
    """Shift and scale the results to mean 0 and variance 1."""

    learns_from = "numbers"

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function of the powers, and return a call of it."""
        from hookline_columns.ejecting.powers import eject_power

        return eject_power(self, script, cells, training)

    def eject_target(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> tuple[str, str]:
        """Add the lines that transform a target, and the function that undoes it."""
        from hookline_columns.ejecting.powers import eject_power_target

        return eject_power_target(self, script, cells, training)

    def learn(self, numbers: "NDArray[Any]") -> dict[str, Any]:
        """Return the power, and the mean and the standard deviation of the transformed numbers."""
        is_constant = float(numbers.min()) == float(numbers.max())
        power = 1.0 if is_constant else _likeliest(numbers, self.method)
        if not self.standardize:
            return {"power": power}
        center, deviation = moments(Summary.of(self._raised(numbers, power)))
        return {"power": power, "center": center, "scale": deviation or 1.0}

    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the transformed numbers."""
        raised = self._raised(numbers, fitted["power"])
        return (raised - fitted["center"]) / fitted["scale"] if self.standardize else raised

    def inverse_transform(self, numbers: "Tensor", fitted: Mapping[str, Any]) -> "Tensor":
        """Return the numbers in the unit of the column.

        A number that no cell becomes, because the transform has a bound, is that of the cell at this bound.
        """
        power = fitted["power"]
        raised = numbers * fitted["scale"] + fitted["center"] if self.standardize else numbers
        if self.method == "box-cox":
            return _logarithms(raised, power).exp()
        sign = raised.sign()
        return sign * _logarithms(raised.abs(), power).where(sign >= 0, _logarithms(raised.abs(), 2 - power)).expm1()

    def _raised(self, numbers: "NDArray[Any]", power: float) -> "NDArray[Any]":
        import numpy

        if self.method == "box-cox":
            return _power(numpy.log(numbers), power)
        is_negative = numbers < 0
        logarithms = numpy.log1p(abs(numbers))
        return numpy.where(is_negative, -_power(logarithms, 2 - power), _power(logarithms, power))

    def graph_of_numbers(self, graph: Graph, numbers: Value, fitted: Mapping[str, Any]) -> Value:
        """Add the powers."""
        import numpy

        power = fitted["power"]
        if self.method == "box-cox":
            raised = power_in_graph(graph, graph.op("Log", numbers), power)
        else:
            logarithms = graph.op("Log", graph.op("Add", graph.op("Abs", numbers), numpy.float64(1)))
            of_negative = graph.op("Neg", power_in_graph(graph, logarithms, 2 - power))
            is_negative = graph.op("Less", numbers, numpy.float64(0))
            raised = graph.op("Where", is_negative, of_negative, power_in_graph(graph, logarithms, power))
        if not self.standardize:
            return raised
        shifted = graph.op("Sub", raised, numpy.float64(fitted["center"]))
        return graph.op("Div", shifted, numpy.float64(fitted["scale"]))

    def is_fit_in_graph(self, graph: Graph, numbers: Value) -> Value:
        """Add the condition that numbers are finite and, for "box-cox", above 0."""
        import numpy

        is_finite = super().is_fit_in_graph(graph, numbers)
        if self.method == "yeo-johnson":
            return is_finite
        return graph.op("And", is_finite, graph.op("Greater", numbers, numpy.float64(0)))

    def is_fit(self, numbers: "NDArray[Any]") -> "NDArray[Any]":
        """Return which numbers are finite and, for "box-cox", above 0."""
        import numpy

        return numpy.isfinite(numbers) & ((numbers > 0) | (self.method == "yeo-johnson"))

    def complaint(self, number: float) -> str:
        """Return why a number cannot be transformed."""
        if self.method == "yeo-johnson":
            return super().complaint(number)
        return f'{number} is not a finite number above 0, as "box-cox" requires: use "yeo-johnson".'


def _power(logarithms: "NDArray[Any]", power: float) -> "NDArray[Any]":
    """Return `(exp(logarithms) ** power - 1) / power`, or the logarithms for the power 0."""
    import numpy

    return numpy.expm1(power * logarithms) / power if power else logarithms


def _logarithms(raised: "Tensor", power: float) -> "Tensor":
    """Return the logarithms of which `_power` makes the given numbers, or those nearest to them."""
    return (raised * power).clamp(min=-1).log1p() / power if power else raised


def _likeliest(numbers: "NDArray[Any]", method: str) -> float:
    """Return the power for which the transformed numbers are most likely a sample of a normal distribution."""
    import numpy

    if method == "box-cox":
        return _of_positives(numpy.log(numbers))
    logarithms = numpy.log1p(abs(numbers))
    if numbers.min() >= 0:
        return _of_positives(logarithms)
    if numbers.max() <= 0:
        return 2 - _of_positives(logarithms)
    signs = numpy.where(numbers < 0, -1.0, 1.0)
    total = float((signs * logarithms).mean())

    def slope(power: float) -> float:
        own = numpy.where(signs < 0, 2 - power, power)
        raised, derived = _power_and_derivative(logarithms, own)
        # The derivative for a negative number changes its sign twice: by the sign, and by that of the power.
        return total - _change(signs * raised, derived)

    limit = _limit(logarithms)
    return 1.0 if limit < 1 else _root(slope, 2 - limit, limit)


def _of_positives(logarithms: "NDArray[Any]") -> float:
    """Return the likeliest power of positive numbers, given their logarithms."""
    least = float(logarithms.min())
    lowest = -LARGEST_LOSS / least if least > 0 else -GREATEST
    limit = _limit(logarithms)
    # Dividing the numbers by their geometric mean changes neither the power nor the likelihood, but the precision.
    logarithms = logarithms - logarithms.mean()
    return _root(lambda power: -_change(*_power_and_derivative(logarithms, power)), max(lowest, -limit), limit)


def _change(raised: "NDArray[Any]", derived: "NDArray[Any]") -> float:
    """Return half the relative change of the variance of the transformed numbers, given their derivatives."""
    deviations = raised - raised.mean()
    return float((deviations * (derived - derived.mean())).mean() / (deviations**2).mean())


def _limit(logarithms: "NDArray[Any]") -> float:
    return min(GREATEST, LARGEST_EXPONENT / float(abs(logarithms).max()))


def _power_and_derivative(logarithms: "NDArray[Any]", power: Any) -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return `expm1(power * logarithms) / power`, and its derivative by the power."""
    import numpy

    exponents = power * logarithms
    is_small = (
        abs(exponents) < SMALL
    )  # Differences of nearly equal numbers are replaced by the first terms of a series.
    divisor = numpy.where(power == 0, 1.0, power)
    raised = numpy.where(power == 0, logarithms, numpy.expm1(exponents) / divisor)
    derived = numpy.where(
        is_small,
        logarithms**2 * (0.5 + exponents / 3),
        (logarithms * numpy.exp(exponents) - raised) / divisor,
    )
    return raised, derived


def _root(slope: Callable[[float], float], lowest: float, limit: float) -> float:
    """Return where a decreasing function is 0 between two limits, or the last place where it is finite.

    The method of false position with Illinois' correction.
    """
    import numpy

    with numpy.errstate(all="ignore"):
        low, high = max(0.0, lowest), min(2.0, limit)
        at_low, at_high = slope(low), slope(high)
        if not math.isfinite(at_low + at_high):
            return 1.0
        while at_low < 0:
            further = max(min(2 * low, -2.0), lowest)
            if further == low or not math.isfinite(at_further := slope(further)):
                return low
            (low, at_low), (high, at_high) = (further, at_further), (low, at_low)
        while at_high > 0:
            further = min(2 * high, limit)
            if further == high or not math.isfinite(at_further := slope(further)):
                return high
            (low, at_low), (high, at_high) = (high, at_high), (further, at_further)
        if 0 in (at_low, at_high):
            return low if at_low == 0 else high
        middle = low
        for _ in range(STEPS):
            before, middle = middle, (low * at_high - high * at_low) / (at_high - at_low)
            at_middle = slope(middle)
            if abs(middle - before) < TOLERANCE * max(1.0, abs(middle)) or at_middle == 0:
                break
            if at_middle > 0:
                low, at_low, at_high = middle, at_middle, at_high / 2
            else:
                high, at_high, at_low = middle, at_middle, at_low / 2
    return float(middle)
