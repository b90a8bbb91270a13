"""Numbers scaled by their smallest and largest values."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hookline.data import Summary
from hookline.errors import OptionError
from hookline.spec import Graph, Value, option, spec
from hookline_columns.base import NumberColumn
from hookline_columns.scaling.scaler import Scaler

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script


@spec
class MaxAbsScaler(Scaler):
    """Numbers divided by the largest absolute value in the training rows: between -1 and 1, and 0 stays 0.

    See scikit-learn's MaxAbsScaler:
    https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.MaxAbsScaler.html
    """

    learns_from = "summary"

    def learn_summary(self, summary: Summary) -> dict[str, Any]:
        """Return the largest absolute value."""
        return {"center": 0.0, "scale": float(max(abs(summary.minimum), abs(summary.maximum))) or 1.0}

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function that divides, and return a call of it."""
        from hookline_columns.ejecting.numbers import eject_numbers

        lines = ["scale = abs(known).max() or 1.0"]
        return eject_numbers(self, script, cells, training, lines=lines, made="numbers / scale", options=())

    def eject_target(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> tuple[str, str]:
        """Add the lines that divide a target, and the function that undoes it."""
        target = self._target_lines(script, cells, training, ())
        target.add(f"{cells}_scale = abs({{known}}).max() or 1.0")
        return self._scaled(target, cells, "", f"{cells}_scale")


@spec
class MinMaxScaler(NumberColumn):
    """Numbers between two limits: those of the smallest and the largest number in the training rows.

    See scikit-learn's MinMaxScaler:
    https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.MinMaxScaler.html
    """

    feature_range: tuple[float, float] = option(default=(0.0, 1.0), unbounded=True)
    """The limits."""
    clip: bool = False
    """Replace numbers beyond the limits, in rows that were not trained on, by the limit."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report limits in the wrong order."""
        yield from super().conflicts()
        if self.feature_range[0] >= self.feature_range[1]:
            yield OptionError("feature_range", "The first limit must be less than the second one.")

    learns_from = "summary"

    def learn_summary(self, summary: Summary) -> dict[str, Any]:
        """Return the smallest number, and the factor."""
        low, high = float(summary.minimum), float(summary.maximum)
        return {"minimum": low, "scale": (self.feature_range[1] - self.feature_range[0]) / ((high - low) or 1.0)}

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function that scales, and return a call of it."""
        from hookline_columns.ejecting.numbers import eject_numbers

        low, high = self.feature_range
        lines = ["low, high = known.min(), known.max()", f"scale = ({high} - {low}) / ((high - low) or 1.0)"]
        made = f"(numbers - low) * scale + {low}"
        made = f"({made}).clip({low}, {high})" if self.clip else made
        options = {"feature_range", "clip"}
        return eject_numbers(self, script, cells, training, lines=lines, made=made, options=options)

    def eject_target(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> tuple[str, str]:
        """Add the lines that scale a target, and the function that undoes it."""
        from hookline_columns.ejecting.targets import TargetLines

        target = TargetLines(self, script, cells, training, {"feature_range"})
        low, high = self.feature_range
        target.add(
            "known = {known}",
            f"{cells}_least = known.min()",
            f"{cells}_scale = ({high} - {low}) / ((known.max() - {cells}_least) or 1.0)",
        )
        made = f"({cells} - {cells}_least) * {cells}_scale + {low}"
        return made, target.undo_by(f"(numbers - {low}) / {cells}_scale + {cells}_least")

    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the scaled numbers."""
        scaled = (numbers - fitted["minimum"]) * fitted["scale"] + self.feature_range[0]
        return scaled.clip(*self.feature_range) if self.clip else scaled

    def graph_of_numbers(self, graph: Graph, numbers: Value, fitted: Mapping[str, Any]) -> Value:
        """Add the computation."""
        import numpy

        low, high = map(numpy.float64, self.feature_range)
        shifted = graph.op("Sub", numbers, numpy.float64(fitted["minimum"]))
        scaled = graph.op("Add", graph.op("Mul", shifted, numpy.float64(fitted["scale"])), low)
        return graph.op("Clip", scaled, low, high) if self.clip else scaled

    def inverse_transform(self, numbers: "Tensor", fitted: Mapping[str, Any]) -> "Tensor":
        """Return the numbers in the unit of the column."""
        return (numbers - self.feature_range[0]) / fitted["scale"] + fitted["minimum"]
