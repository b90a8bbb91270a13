"""Means and sums of errors."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_metrics.regression.base import SumMetric

if TYPE_CHECKING:
    from torch import Tensor


@spec
class MeanAbsoluteError(SumMetric):
    """The mean of |prediction - target|.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/mean_absolute_error.html
    """

    formula = "(predicted - true).abs().mean()"

    def terms(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, ...]":
        """Return the absolute errors."""
        return ((predictions - targets).abs(),)


@spec
class MeanSquaredError(SumMetric):
    """The mean of (prediction - target)².

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/mean_squared_error.html
    """

    squared: bool = True
    """Return the mean squared error; with `false`, its square root."""

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The mean, or its square root."""
        return f"(predicted - true).square().mean(){'' if self.squared else '.sqrt()'}"

    def terms(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, ...]":
        """Return the squares of the errors."""
        return ((predictions - targets).square(),)

    def of_sums(self, sums: list[float], count: int) -> float:
        """Return the mean, or its square root."""
        mean = sums[0] / count
        return mean if self.squared else math.sqrt(mean)


@spec
class MeanSquaredLogError(SumMetric):
    """The mean of (log(1 + prediction) - log(1 + target))².

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/mean_squared_log_error.html
    """

    undefined = "It needs predictions and targets above -1."

    formula = "(predicted.log1p() - true.log1p()).square().mean()"

    def terms(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, ...]":
        """Return the squares of the differences between logarithms."""
        return ((predictions.log1p() - targets.log1p()).square(),)


@spec
class LogCoshError(SumMetric):
    """The mean of log(cosh(prediction - target)): about half the square of small errors, and the size of large ones.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/log_cosh_error.html
    """

    formula = """\
errors = (predicted - true).abs()
small = torch.log1p(2 * (errors.clamp(max=1) / 2).sinh().square())
torch.where(errors < 1, small, errors + torch.log1p((-2 * errors).exp()) - math.log(2)).mean()"""

    def terms(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, ...]":
        """Return the terms, which neither overflow nor lose the digits of small errors."""
        import torch

        errors = (predictions - targets).abs()
        small = torch.log1p(2 * (errors.clamp(max=1) / 2).sinh().square())
        return (torch.where(errors < 1, small, errors + torch.log1p((-2 * errors).exp()) - math.log(2)),)


@spec
class MinkowskiDistance(SumMetric):
    """The p-th root of the sum of |prediction - target| to the power of p.

    It grows with the number of rows. With `p = 2` it is the Euclidean distance.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/minkowski_distance.html
    """

    p: float = option(minimum=1)
    """The exponent."""

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The root of the sum."""
        return f"((predicted - true).abs() ** {self.p}).sum() ** (1 / {self.p})"

    def terms(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, ...]":
        """Return the powers of the absolute errors."""
        return ((predictions - targets).abs() ** self.p,)

    def of_sums(self, sums: list[float], count: int) -> float:
        """Return the root of the sum."""
        return sums[0] ** (1 / self.p)


@spec
class CriticalSuccessIndex(SumMetric):
    """The number of events that are predicted and true, divided by the number that are predicted or true; also 0 for 0.

    An event is a number of at least `threshold`. In weather forecasts it is also called threat score.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/critical_success_index.html
    """

    higher_is_better = True
    joins_batches = True  # It adds integers.

    threshold: float = option(unbounded=True)
    """The number from which a prediction or a target is an event."""

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The ratio."""
        return (
            f"predicted, true = predicted >= {self.threshold}, true >= {self.threshold}\n"
            "int((predicted & true).sum()) / int((predicted | true).sum()) if (predicted | true).any() else 0.0"
        )

    def terms(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, ...]":
        """Return which events are both predicted and true, which are either, and 0 or NaN for each pair."""
        predicted, true = predictions >= self.threshold, targets >= self.threshold
        return predicted & true, predicted | true, (predictions + targets) * 0

    def of_sums(self, sums: list[float], count: int) -> float:
        """Return the ratio."""
        return sums[0] / sums[1] if sums[1] else 0.0


@spec
class TweedieDevianceScore(SumMetric):
    """The mean deviance of a Tweedie distribution: 0 is normal, 1 Poisson, 2 gamma, 3 inverse Gaussian.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/tweedie_deviance_score.html
    """

    undefined = "For this `power`, predictions must be positive, and targets too, or at least 0 for 1 <= power < 2."

    power: float = option(default=0.0, unbounded=True)
    """The exponent of the mean in the variance. There is no distribution for exponents between 0 and 1."""

    def conflicts(self) -> Iterator[OptionError]:
        """Yield an error about an exponent for which there is no distribution."""
        if 0 < self.power < 1:
            yield OptionError(
                "power", f"There is no Tweedie distribution for {self.power:g}, which is between 0 and 1."
            )

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The mean deviance."""
        power = self.power
        if power == 0:
            return "(predicted - true).square().mean()"
        lines = []
        if power == 1:
            deviances = "torch.xlogy(true, true / predicted) + predicted - true"
        elif power == 2:
            deviances = "(predicted / true).log() + true / predicted - 1"
        else:
            lines.append(f"first = true.clamp(min=0) ** {2 - power} / {(1 - power) * (2 - power)}")
            lines.append(f"second = true * predicted**{1 - power} / {1 - power}")
            deviances = f"first - second + predicted**{2 - power} / {2 - power}"
        allowed = "" if power < 1 else f" & (true {'>' if power >= 2 else '>='} 0)"
        positive = f"(predicted > 0){allowed}" if allowed else "predicted > 0"
        lines += [f"deviances = 2 * ({deviances})", f"is_allowed = {positive}"]
        return "\n".join([*lines, "torch.where(is_allowed, deviances, math.nan).mean()"])

    def terms(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, ...]":
        """Return the deviances, NaN for numbers that the distribution does not have."""
        import torch

        power = self.power
        if power == 0:
            return ((predictions - targets).square(),)
        if power == 1:
            deviances = torch.xlogy(targets, targets / predictions) + predictions - targets
        elif power == 2:
            deviances = (predictions / targets).log() + targets / predictions - 1
        else:
            first = targets.clamp(min=0) ** (2 - power) / ((1 - power) * (2 - power))
            second = targets * predictions ** (1 - power) / (1 - power)
            deviances = first - second + predictions ** (2 - power) / (2 - power)
        allowed = predictions > 0
        if power >= 1:
            allowed &= targets > 0 if power >= 2 else targets >= 0
        return (torch.where(allowed, 2 * deviances, math.nan),)
