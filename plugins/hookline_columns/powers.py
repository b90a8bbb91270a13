"""Numbers made more like a normal distribution by a power."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from hookline.data import Summary
from hookline.spec import Graph, Value, spec
from hookline_columns.base import NumberColumn
from hookline_columns.fitting.likeliest_power import likeliest_power
from hookline_columns.graphs.power import power_in_graph
from hookline_columns.scaling.scaler import moments

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script


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
        power = 1.0 if is_constant else likeliest_power(numbers, self.method)
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
