"""Numbers shifted and scaled by statistics of the training rows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.data import Summary
from hookline.errors import OptionError
from hookline.spec import Graph, Value, option, spec
from hookline_columns.base import NumberColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script
    from hookline_columns.ejecting.targets import TargetLines


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

        lines = self._learning("mean", "std")
        if script.moments is not None:
            lines = [f"mean, std = {script.moments}(numbers)"]
        if fitted["scale"] == 1.0 and self.with_std:
            lines += ["if known.min() == known.max():", "    mean, std = known[0], 1.0"]
        made = "(numbers - mean)" if self.with_mean else "numbers"
        made += " / std" if self.with_std else ""
        made = made.strip("()") if made.endswith(")") and made.startswith("(") else made
        return eject_numbers(self, script, cells, training, lines=lines, made=made, options={"with_mean", "with_std"})

    def eject_target(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> tuple[str, str]:
        """Add the lines that standardize a target, and the function that undoes it."""
        target = self._target_lines(script, cells, training, {"with_mean", "with_std"})
        target.add("known = {known}", *self._learning(f"{cells}_mean", f"{cells}_std"))
        return self._scaled(
            target, cells, f"{cells}_mean" if self.with_mean else "", f"{cells}_std" if self.with_std else ""
        )

    def _learning(self, mean: str, std: str) -> list[str]:
        """Return the line that learns from `known`, if anything is learned."""
        learned = {mean: "known.mean()"} if self.with_mean else {}
        learned |= {std: "known.std()"} if self.with_std else {}
        return [f"{', '.join(learned)} = {', '.join(learned.values())}"] if learned else []

    def learn_summary(self, summary: Summary) -> dict[str, Any]:
        """Return the mean and the standard deviation."""
        center, deviation = moments(summary)
        return {"center": center if self.with_mean else 0.0, "scale": (deviation or 1.0) if self.with_std else 1.0}


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

    def eject(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> str:
        """Add a function that scales, and return a call of it."""
        from hookline_columns.ejecting.numbers import eject_numbers

        lines = self._learning(script, "center", "scale")
        made = "(numbers - center)" if self.with_centering and self.with_scaling else "numbers"
        made = "numbers - center" if self.with_centering and not self.with_scaling else made
        made += " / scale" if self.with_scaling else ""
        return eject_numbers(self, script, cells, training, lines=lines, made=made, options=self._options)

    def eject_target(self, script: "Script", cells: str, training: str, fitted: Mapping[str, Any]) -> tuple[str, str]:
        """Add the lines that scale a target, and the function that undoes it."""
        target = self._target_lines(script, cells, training, self._options)
        center, scale = f"{cells}_median", f"{cells}_scale"
        target.add("known = {known}", *self._learning(script, center, scale))
        return self._scaled(target, cells, center if self.with_centering else "", scale if self.with_scaling else "")

    _options = frozenset({"with_centering", "with_scaling", "quantile_range", "unit_variance"})

    def _learning(self, script: "Script", center: str, scale: str) -> list[str]:
        """Return the lines that learn from `known`."""
        first, second = (quantile / 100 for quantile in self.quantile_range)
        if not self.with_scaling:
            return [f"{center} = np.quantile(known, 0.5)"] if self.with_centering else []
        names, places = ("low, high", f"[{first}, {second}]")
        if self.with_centering:
            names, places = f"low, {center}, high", f"[{first}, 0.5, {second}]"
        lines = [f"{names} = np.quantile(known, {places})", f"{scale} = (high - low) or 1.0"]
        if self.unit_variance:
            script.use("from statistics import NormalDist")
            least, greatest = (max(1e-16, min(1 - 1e-16, one)) for one in (first, second))
            lines.append(f"{scale} /= NormalDist().inv_cdf({greatest}) - NormalDist().inv_cdf({least})")
        return lines

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


def _quantiles(numbers: "NDArray[Any]", at: Sequence[float]) -> list[float]:
    """Return quantiles with linear interpolation; `at` is from 0 to 1."""
    import numpy

    return [float(number) for number in numpy.quantile(numbers, at)]
