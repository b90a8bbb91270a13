"""The negative log-likelihood of a normal distribution whose mean and variance the model returns."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hookline.data import Batch, Data, Encoding, Numbers, Outputs, Target
from hookline.errors import MismatchError, OptionError, enumerate_names, nearest
from hookline.script import PredictionNames
from hookline.spec import option, spec
from hookline.training import last_layer
from hookline_losses.base import TorchLoss
from hookline_losses.output_ranges import end_below_0

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from torch import Tensor, nn

    from hookline.script import BatchNames, Script

NEGATIVE_VARIANCE = "A variance is not negative: the head `var` must end in a layer such as Softplus."


@spec
class GaussianNLLLoss(TorchLoss):
    """The negative log-likelihood under a normal distribution: (log var + (x - y)² / var) / 2.

    For regression with an estimate of the uncertainty. The model returns the mean as `input` and the variance as `var`,
    from `Heads` with these names; the head `var` ends in a layer with positive outputs, such as Softplus. If the
    variance of each row is known, make it a target with the name `var` instead.
    Outputs: float `(N, k)` for the mean, and `(N, k)` or `(N, 1)` for the variance. Targets: float `(N, k)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html; Nix and Weigend,
    https://doi.org/10.1109/ICNN.1994.374138
    """

    inputs = ("input", "var")

    full: bool = False
    """Add the constant term."""
    eps: float = option(default=1e-06, above=0)
    """The minimum variance, to avoid division by 0."""

    def encodings(self, targets: "Collection[str]") -> Mapping[str, Encoding]:
        """Encode targets as numbers. One of two targets is the variance, which is not negative."""
        others = [name for name in targets if name != "var"]
        near = [name for name in others if nearest(name, ["var"]) or nearest("var", [name])]
        if len(others) == 2 and len(near) == 1 and "var" not in targets:
            takes = 'GaussianNLLLoss takes one target, and the variance as "var"'
            raise OptionError(near[0], f'{takes}, not {enumerate_names(targets)}. Did you mean "var"?')
        if len(others) != 1:
            raise ValueError(f"GaussianNLLLoss takes one target besides the variance, but {len(others)} are given.")
        return {name: Numbers(minimum=0 if name == "var" else None) for name in targets}

    def check_transformed(self, targets: "Collection[str]") -> None:
        """Refuse to transform a target whose variance is known, which would have to be transformed as well."""
        super().check_transformed(targets)
        if "var" in targets:
            raise ValueError('The variance "var" is in the square of the original unit, so neither can be transformed.')

    def output_size(self, target: Target) -> int:
        """Return the number of target columns, of which the model returns means and variances."""
        return len(target.columns)

    def ejected_call(self, script: "Script", called: str, outputs: str, batch: "BatchNames") -> str:
        """Return a call with mean, target and variance."""
        mean, variance, true = _ejected(outputs, batch)
        return f"{called}({mean}, {true}, {variance})"

    eject = TorchLoss.eject

    def eject_predictions(self, script: "Script", *, called: str, outputs: str, batch: "BatchNames") -> PredictionNames:
        """Return the mean."""
        mean, _, true = _ejected(outputs, batch)
        return PredictionNames(predictions=mean, scores=mean, truth=true)

    def compute(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Call the criterion with mean, target and variance."""
        mean, variance = _mean_and_variance(outputs, batch)
        try:
            return criterion(mean, self.truth(batch), variance)
        except ValueError as error:
            if "var has negative" not in str(error):
                raise
            raise MismatchError(NEGATIVE_VARIANCE, ("loss",)) from error

    row_losses = TorchLoss.row_losses

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require a mean for each target, and a variance that is not negative."""
        if isinstance(outputs, Mapping) and "var" in batch.targets:
            raise ValueError(
                'The data has a target "var", which is the variance: the model must return only the mean, not '
                f"{enumerate_names(outputs)}."
            )
        if "var" not in batch.targets and not (isinstance(outputs, Mapping) and set(outputs) == {"input", "var"}):
            raise ValueError(
                'GaussianNLLLoss takes a mean and a variance: return them from the model as "input" and "var", with '
                'Heads, or name a target of the data "var".'
            )
        mean, variance = _mean_and_variance(outputs, batch)
        known = data.targets[self.main_target(data.targets)]
        wanted = self.truth(batch).shape
        if mean.shape != wanted:
            raise ValueError(
                f"GaussianNLLLoss compares each mean with a target: the model must return {wanted[1]} for each row "
                f"({', '.join(known.columns)}), but its means have shape {tuple(mean.shape[1:])}."
            )
        if variance.shape not in (mean.shape, (len(mean), 1)):
            raise ValueError(
                f"GaussianNLLLoss takes a variance for each mean, or one for each row, but the means have shape "
                f"{tuple(mean.shape[1:])} and the variances {tuple(variance.shape[1:])}."
            )
        if (variance < 0).any():
            raise ValueError(NEGATIVE_VARIANCE)

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Refuse a variance from a layer that can return negative numbers, even if those of the example are not."""
        from torch import nn

        heads = last_layer(model)
        if isinstance(heads, nn.ModuleDict) and "var" in heads and (end := end_below_0(heads["var"])) is not None:
            raise ValueError(f"{NEGATIVE_VARIANCE} It ends in {end}.")
        return ()

    def predictions(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the mean."""
        return outputs["input"] if isinstance(outputs, Mapping) else outputs

    def truth(self, batch: Batch) -> "Tensor":
        """Return the target that is not the variance."""
        return batch.targets[self.main_target(batch.targets)]

    def main_target(self, targets: "Collection[str]") -> str:
        """Return the name of the target that is not the variance."""
        return next(name for name in targets if name != "var")


def _ejected(outputs: str, batch: "BatchNames") -> tuple[str, str, str]:
    """Return mean, variance and target, as code."""
    true = next(variable for name, variable in batch.targets.items() if name != "var")
    if "var" in batch.targets:
        return outputs, batch.targets["var"], true
    return f'{outputs}["input"]', f'{outputs}["var"]', true


def _mean_and_variance(outputs: Outputs, batch: Batch) -> "tuple[Tensor, Tensor]":
    """Return the mean, and the variance from the model or the data."""
    if isinstance(outputs, Mapping):
        return outputs["input"], outputs["var"]
    return outputs, batch.targets["var"]
