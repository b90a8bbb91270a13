"""The base class of scalers."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from hookline.data import Summary
from hookline.spec import Graph, Value, spec
from hookline_columns.base import NumberColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script
    from hookline_columns.ejecting.targets import TargetLines


def moments(summary: Summary) -> tuple[float, float]:
    """Return the mean and the standard deviation, which is 0 for equal numbers."""
    # The computed mean of equal numbers such as 0.1 may be off by one bit, and the deviation may not be 0.
    if summary.minimum == summary.maximum:
        return float(summary.minimum), 0.0
    return float(summary.mean), float(summary.std)


@spec
class Scaler(NumberColumn):
    """The base class of kinds that compute `(x - center) / scale`."""

    def compute(self, numbers: "NDArray[Any]", fitted: Mapping[str, Any]) -> "NDArray[Any]":
        """Return the scaled numbers."""
        return (numbers - fitted["center"]) / fitted["scale"]

    def graph_of_numbers(self, graph: Graph, numbers: Value, fitted: Mapping[str, Any]) -> Value:
        """Add the difference and the quotient."""
        import numpy

        shifted = graph.op("Sub", numbers, numpy.float64(fitted["center"]))
        return graph.op("Div", shifted, numpy.float64(fitted["scale"]))

    def inverse_transform(self, numbers: "Tensor", fitted: Mapping[str, Any]) -> "Tensor":
        """Return `x * scale + center`."""
        return numbers * fitted["scale"] + fitted["center"]

    def _target_lines(self, script: "Script", cells: str, training: str, options: Collection[str]) -> "TargetLines":
        from hookline_columns.ejecting.targets import TargetLines

        return TargetLines(self, script, cells, training, options)

    @staticmethod
    def _scaled(target: "TargetLines", cells: str, center: str, scale: str) -> tuple[str, str]:
        """Return the scaled cells of a target as code, and the function that undoes it, given two variables or none."""
        made = f"({cells} - {center})" if center and scale else f"{cells} - {center}" if center else cells
        made += f" / {scale}" if scale else ""
        undone = f"numbers{f' * {scale}' if scale else ''}{f' + {center}' if center else ''}"
        return made, target.undo_by(undone) if center or scale else ""
