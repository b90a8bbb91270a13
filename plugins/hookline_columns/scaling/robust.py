"""Numbers scaled by quantiles."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_columns.scaling.scaler import Scaler

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hookline.script import Script


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


def _quantiles(numbers: "NDArray[Any]", at: Sequence[float]) -> list[float]:
    """Return quantiles with linear interpolation; `at` is from 0 to 1."""
    import numpy

    return [float(number) for number in numpy.quantile(numbers, at)]
