"""The power that makes numbers most like a normal distribution, by maximum likelihood."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

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


def likeliest_power(numbers: "NDArray[Any]", method: str) -> float:
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
