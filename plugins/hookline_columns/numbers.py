"""Numbers as they are, their logarithm, and what they are split into."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.spec import Graph, Value, option, spec
from hookline_columns.base import NumberColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script


@spec
class Number(NumberColumn):
    """Numbers as they are."""

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function that returns the numbers, and return a call of it."""
        from hookline_columns.ejecting.numbers import eject_numbers

        return eject_numbers(self, script, cells, training, lines=(), made="numbers", options=())

    def eject_target(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> tuple[str, str]:
        """Return the cells as they are."""
        from hookline_columns.ejecting.targets import TargetLines

        TargetLines(self, script, cells, training, ())
        return cells, ""

    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the numbers."""
        return numbers

    def graph_of_numbers(self, graph: Graph, numbers: Value, fitted: Mapping[str, Any]) -> Value:
        """Return the numbers."""
        return numbers

    def inverse_transform(self, numbers: "Tensor", fitted: Mapping[str, Any]) -> "Tensor":
        """Return the numbers."""
        return numbers


@spec
class Log1p(NumberColumn):
    """The natural logarithm of 1 + x, for amounts and counts whose values differ by orders of magnitude.

    Numbers must be greater than -1. Equals `numpy.log1p`.
    """

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function of the logarithms, and return a call of it."""
        from hookline_columns.ejecting.numbers import eject_numbers

        return eject_numbers(self, script, cells, training, lines=(), made="np.log1p(numbers)", options=())

    def eject_target(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> tuple[str, str]:
        """Return the logarithms, and the function that undoes them."""
        from hookline_columns.ejecting.targets import TargetLines

        return f"np.log1p({cells})", TargetLines(self, script, cells, training, ()).undo_by("numbers.expm1()")

    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the logarithms."""
        import numpy

        with numpy.errstate(invalid="ignore", divide="ignore"):  # The caller reports these cells.
            return numpy.log1p(numbers)

    def graph_of_numbers(self, graph: Graph, numbers: Value, fitted: Mapping[str, Any]) -> Value:
        """Add the logarithm."""
        import numpy

        return graph.op("Log", graph.op("Add", numbers, numpy.float64(1)))

    def is_fit_in_graph(self, graph: Graph, numbers: Value) -> Value:
        """Add the condition that numbers are greater than -1."""
        import numpy

        is_greater = graph.op("Greater", numbers, numpy.float64(-1))
        return graph.op("And", super().is_fit_in_graph(graph, numbers), is_greater)

    def inverse_transform(self, numbers: "Tensor", fitted: Mapping[str, Any]) -> "Tensor":
        """Return exp(y) - 1."""
        return numbers.expm1()

    def is_fit(self, numbers: "NDArray[Any]") -> "NDArray[Any]":
        """Return which numbers are finite and greater than -1."""
        import numpy

        return numpy.isfinite(numbers) & (numbers > -1)

    def complaint(self, number: float) -> str:
        """Return why a number has no logarithm."""
        return f"{number} is not a finite number greater than -1, as Log1p requires."


@spec
class Binarizer(NumberColumn):
    """1 for numbers above a threshold, and 0 for all others.

    See scikit-learn's Binarizer:
    https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.Binarizer.html
    """

    threshold: float = option(default=0.0, unbounded=True)
    """The largest number that becomes 0."""

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function that compares, and return a call of it."""
        from hookline_columns.ejecting.numbers import eject_numbers

        return eject_numbers(
            self,
            script,
            cells,
            training,
            lines=(),
            made=f"(numbers > {self.threshold}).astype(np.float64)",
            options={"threshold"},
        )

    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return 0 and 1."""
        import numpy

        return (numbers > self.threshold).astype(numpy.float64)

    def graph_of_numbers(self, graph: Graph, numbers: Value, fitted: Mapping[str, Any]) -> Value:
        """Add the comparison."""
        import numpy

        return graph.cast(graph.op("Greater", numbers, numpy.float64(self.threshold)), "float64")
