"""Arithmetic that is written down instead of computed."""

from typing import Any

from attrs import frozen


@frozen
class Symbol:
    """A number with a name: arithmetic returns the code of the result.

    >>> hits, true = Symbol("hits"), Symbol("true")
    >>> str(2 * hits / (hits + true))
    '2 * hits / (hits + true)'
    """

    code: str
    """The code of the number."""
    is_sum: bool = False
    """Whether it is a sum or difference, which needs parentheses in a product."""

    def __str__(self) -> str:
        return self.code

    def _factor(self) -> str:
        return f"({self.code})" if self.is_sum else self.code

    def __add__(self, other: Any) -> "Symbol":
        return Symbol(f"{self.code} + {_of(other).code}", is_sum=True)

    def __sub__(self, other: Any) -> "Symbol":
        return Symbol(f"{self.code} - {_of(other)._factor()}", is_sum=True)

    def __mul__(self, other: Any) -> "Symbol":
        return Symbol(f"{self._factor()} * {_of(other)._factor()}")

    def __rmul__(self, other: Any) -> "Symbol":
        return _of(other) * self

    def __truediv__(self, other: Any) -> "Symbol":
        return Symbol(f"{self._factor()} / {_of(other)._factor()}")


def _of(value: Any) -> Symbol:
    return value if isinstance(value, Symbol) else Symbol(repr(value))
