"""Numbers as they are, and their logarithm."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.spec import spec
from hookline_columns.base import NumberColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray


@spec
class Number(NumberColumn):
    """Numbers as they are."""

    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the numbers."""
        return numbers

    def inverse_transform(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the numbers."""
        return numbers


@spec
class Log1p(NumberColumn):
    """The natural logarithm of 1 + x, for amounts and counts whose values differ by orders of magnitude.

    Numbers must be greater than -1. Equals `numpy.log1p`.
    """

    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the logarithms."""
        import numpy

        with numpy.errstate(invalid="ignore", divide="ignore"):  # The caller reports these cells.
            return numpy.log1p(numbers)

    def inverse_transform(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return exp(y) - 1."""
        import numpy

        return numpy.expm1(numbers)

    def is_fit(self, numbers: "NDArray[Any]") -> "NDArray[Any]":
        """Return which numbers are finite and greater than -1."""
        import numpy

        return numpy.isfinite(numbers) & (numbers > -1)

    def complaint(self, number: float) -> str:
        """Return why a number has no logarithm."""
        return f"{number} is not a finite number greater than -1, as Log1p requires."
