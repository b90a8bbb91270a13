"""Numbers shifted and scaled by statistics of the training rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.data import Summary
from hookline.errors import OptionError
from hookline.script import cannot_be_written
from hookline.spec import Graph, Value, option, spec
from hookline_columns.base import NumberColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script


def moments(summary: Summary) -> tuple[float, float]:
    """Return the mean and the standard deviation, which is 0 for equal numbers."""
    # The computed mean of equal numbers such as 0.1 may be off by one bit, and the deviation may not be 0.
    if summary.least == summary.greatest:
        return float(summary.least), 0.0
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


@spec
class StandardScaler(Scaler):
    """Numbers with mean 0 and variance 1 in the training rows.

    A column that is constant in the training rows is only shifted. See scikit-learn's StandardScaler:
    https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.StandardScaler.html
    """

    with_mean: bool = True
    """Subtract the mean."""
    with_std: bool = True
    """Divide by the standard deviation."""

    learns_from = "summary"

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function that standardizes, and return a call of it."""
        from hookline_columns.ejecting.numbers import eject_numbers

        lines = ["mean, std = known.mean(), known.std()"]
        if fitted["scale"] == 1.0 and self.with_std:
            lines += ["if known.min() == known.max():", "    mean, std = known[0], 1.0"]
        made = "(numbers - mean)" if self.with_mean else "numbers"
        made += " / std" if self.with_std else ""
        made = made.strip("()") if made.endswith(")") and made.startswith("(") else made
        return eject_numbers(self, script, cells, training, lines=lines, made=made, options={"with_mean", "with_std"})

    def eject_target(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> tuple[str, str]:
        """Add the lines that standardize a target, and the function that undoes it."""
        if not (self.with_mean and self.with_std) or self.missing != "refuse":
            raise cannot_be_written("This way to standardize a target has no lines.", ("with_mean",))
        script.add("prepare", f"known = {cells}[{training}].astype(np.float64)", apart=False)
        script.add("prepare", "target_mean, target_std = known.mean(), known.std()", apart=False)
        return f"({cells} - target_mean) / target_std", script.define(IN_UNIT)

    def learn_summary(self, summary: Summary) -> dict[str, Any]:
        """Return the mean and the standard deviation."""
        center, deviation = moments(summary)
        return {"center": center if self.with_mean else 0.0, "scale": (deviation or 1.0) if self.with_std else 1.0}


IN_UNIT = '''
def in_unit(numbers):
    """Return numbers of the standardized target in their original unit."""
    return (numbers.double() * target_std + target_mean).to(numbers)
'''


@spec
class RobustScaler(Scaler):
    """Numbers without their median, divided by the distance of two quantiles: outliers have little effect.

    See scikit-learn's RobustScaler:
    https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.RobustScaler.html
    """

    with_centering: bool = True
    """Subtract the median."""
    with_scaling: bool = True
    """Divide by the distance of the quantiles."""
    quantile_range: tuple[float, float] = option(default=(25.0, 75.0), minimum=0, maximum=100)
    """The two quantiles, in percent."""
    unit_variance: bool = option(default=False, only_with=("with_scaling",))
    """Scale such that normally distributed numbers have variance 1."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report quantiles in the wrong order."""
        yield from super().conflicts()
        if self.quantile_range[0] >= self.quantile_range[1]:
            yield OptionError("quantile_range", "The first quantile must be less than the second one.")

    learns_from = "numbers"

    def learn(self, numbers: "NDArray[Any]") -> dict[str, Any]:
        """Return the median and the distance of the quantiles."""
        from statistics import NormalDist

        low, center, high = _quantiles(numbers, [self.quantile_range[0] / 100, 0.5, self.quantile_range[1] / 100])
        scale = (high - low) or 1.0
        if self.unit_variance:
            normal = NormalDist()
            first, second = (max(1e-16, min(1 - 1e-16, quantile / 100)) for quantile in self.quantile_range)
            scale /= normal.inv_cdf(second) - normal.inv_cdf(first)
        return {"center": center if self.with_centering else 0.0, "scale": scale if self.with_scaling else 1.0}


@spec
class MaxAbsScaler(Scaler):
    """Numbers divided by the largest absolute value in the training rows: between -1 and 1, and 0 stays 0.

    See scikit-learn's MaxAbsScaler:
    https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.MaxAbsScaler.html
    """

    learns_from = "summary"

    def learn_summary(self, summary: Summary) -> dict[str, Any]:
        """Return the largest absolute value."""
        return {"center": 0.0, "scale": float(max(abs(summary.least), abs(summary.greatest))) or 1.0}

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function that divides, and return a call of it."""
        from hookline_columns.ejecting.numbers import eject_numbers

        lines = ["scale = abs(known).max() or 1.0"]
        return eject_numbers(self, script, cells, training, lines=lines, made="numbers / scale", options=())


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
        low, high = float(summary.least), float(summary.greatest)
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


def _quantiles(numbers: "NDArray[Any]", at: Sequence[float]) -> list[float]:
    """Return quantiles with linear interpolation; `at` is from 0 to 1."""
    import numpy

    return [float(number) for number in numpy.quantile(numbers, at)]
