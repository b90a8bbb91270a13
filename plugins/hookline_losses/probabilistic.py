"""Losses that are the likelihood of a distribution whose parameters the model gives."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from hookline.data import Batch, Data, Distribution, Encoding, Numbers, Outputs
from hookline.errors import MisfitError, OptionError, enumerate_names, nearest
from hookline.spec import Activation, option, spec
from hookline.training import head_of
from hookline_losses.base import TorchLoss, check_log_probabilities, check_same_shape, one_output
from hookline_losses.output_ranges import end_below_0
from hookline_losses.regression import RegressionLoss

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from torch import Tensor, nn


NEGATIVE_COUNTS = (
    "Without `log_input` the model gives counts, which are not negative: it must end in a layer such as Softplus."
)
NEGATIVE_VARIANCE = "A variance is not negative: what gives `var` must end in a layer such as Softplus."


@spec
class PoissonNLLLoss(RegressionLoss):
    """The negative log-likelihood of counts under a Poisson distribution: exp(x) - y x, x being the log of its mean.

    Outputs: float `(N, k)`, the logarithm of the expected count, or the count without `log_input`. Targets: float
    `(N, k)`, counts.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PoissonNLLLoss.html
    """

    encoding = Numbers(minimum=0)

    log_input: bool = True
    """Whether the model gives the logarithm of the expected count."""
    full: bool = False
    """Whether the part that does not depend on the model is added, by Stirling's formula."""
    eps: float = option(default=1e-08, above=0, only_with=("log_input", False))
    """Added to the expected count before its logarithm is taken, without `log_input`."""

    @property
    def activation(self) -> Activation:
        """The exponential of a logarithm, or the count as it is."""
        return "exp" if self.log_input else "identity"

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """As for every regression; and counts are not negative."""
        RegressionLoss.check(self, outputs, batch, data)
        if not self.log_input and (one_output("PoissonNLLLoss", outputs) < 0).any():
            raise ValueError(NEGATIVE_COUNTS)

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Refuse a model whose last layer gives negative numbers too, though those of the example are none."""
        if not self.log_input and (end := end_below_0(model)) is not None:
            raise ValueError(f"{NEGATIVE_COUNTS} It ends in {end}.")
        return ()


@spec
class GaussianNLLLoss(TorchLoss):
    """The negative log-likelihood under a normal distribution: (log var + (x - y)² / var) / 2.

    For regression that says how sure it is. The model gives the mean as `input` and the variance as `var`, with `Heads`
    of these names, the latter ending in a layer whose outputs are positive, such as Softplus. Or the variance of each
    row is known: then it is a target called `var`.
    Outputs: float `(N, k)` for the mean, and `(N, k)` or `(N, 1)` for the variance. Targets: float `(N, k)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html; Nix and Weigend,
    https://doi.org/10.1109/ICNN.1994.374138
    """

    inputs = ("input", "var")

    full: bool = False
    """Whether the constant part is added."""
    eps: float = option(default=1e-06, above=0)
    """The least variance that is divided by."""

    def encodings(self, targets: "Collection[str]") -> Mapping[str, Encoding]:
        """Numbers; of two targets one is the variance, which is not negative."""
        others = [name for name in targets if name != "var"]
        near = [name for name in others if nearest(name, ["var"]) or nearest("var", [name])]
        if len(others) == 2 and len(near) == 1 and "var" not in targets:
            takes = 'GaussianNLLLoss takes one target, and the variance as "var"'
            raise OptionError(near[0], f'{takes}: these are {enumerate_names(targets)}. Did you mean "var"?')
        if len(others) != 1:
            raise ValueError(f"GaussianNLLLoss takes one target, beside the variance, and {len(others)} are given.")
        return {name: Numbers(minimum=0 if name == "var" else None) for name in targets}

    def compute(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The criterion of mean, target and variance."""
        mean, variance = _mean_and_variance(outputs, batch)
        try:
            return criterion(mean, self.truth(batch), variance)
        except ValueError as error:
            if "var has negative" not in str(error):
                raise
            raise MisfitError(NEGATIVE_VARIANCE, ("loss",)) from error

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """There must be a mean for each target, and a variance that is not negative."""
        if isinstance(outputs, Mapping) and "var" in batch.targets:
            raise ValueError(
                'The data has a target called "var", which is the variance: the model gives the mean alone, and not '
                f"{enumerate_names(outputs)}."
            )
        if "var" not in batch.targets and not (isinstance(outputs, Mapping) and set(outputs) == {"input", "var"}):
            raise ValueError(
                'GaussianNLLLoss takes a mean and a variance: the model must give them as "input" and "var", with '
                'Heads, or the data must have a target called "var".'
            )
        mean, variance = _mean_and_variance(outputs, batch)
        known = next(target for name, target in data.targets.items() if name != "var")
        wanted = self.truth(batch).shape
        if mean.shape != wanted:
            raise ValueError(
                f"GaussianNLLLoss compares each mean with a target: the model must give {wanted[1]} for each row "
                f"({', '.join(known.columns)}), and its means have the shape {tuple(mean.shape[1:])}."
            )
        if variance.shape not in (mean.shape, (len(mean), 1)):
            raise ValueError(
                f"GaussianNLLLoss takes a variance for each mean, or one for each row: the shape of its means is "
                f"{tuple(mean.shape[1:])}, and that of its variances {tuple(variance.shape[1:])}."
            )
        if (variance < 0).any():
            raise ValueError(NEGATIVE_VARIANCE)

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Refuse a variance from a layer that gives negative numbers too, though those of the example are none."""
        if isinstance(outputs, Mapping) and (end := end_below_0(head_of(model, "var"))) is not None:
            raise ValueError(f"{NEGATIVE_VARIANCE} It ends in {end}.")
        return ()

    def predictions(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The mean."""
        return outputs["input"] if isinstance(outputs, Mapping) else outputs

    def truth(self, batch: Batch) -> "Tensor":
        """The target that is not the variance."""
        return next(target for name, target in batch.targets.items() if name != "var")


def _mean_and_variance(outputs: Outputs, batch: Batch) -> "tuple[Tensor, Tensor]":
    """Both, from the model or the variance from the data."""
    if isinstance(outputs, Mapping):
        return outputs["input"], outputs["var"]
    return outputs, batch.targets["var"]


@spec
class KLDivLoss(TorchLoss):
    """The Kullback-Leibler divergence of a distribution y from the model's: y (log y - x), x being log-probabilities.

    For targets that are distributions over classes: what several people said, or what a larger model gives. The model
    ends in LogSoftmax.
    Outputs: float `(N, C)`, log-probabilities. Targets: float `(N, C)`, probabilities, or their logarithms with
    `log_target`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html
    """

    activation = "exp"

    reduction: Literal["mean", "batchmean", "sum"] = "mean"  # type: ignore[assignment]  # torch has one more here.
    """Whether the losses are averaged over all numbers, or over rows (as the formula says), or added."""
    log_target: bool = False
    """Whether the targets are logarithms of probabilities."""

    @property
    def encoding(self) -> Encoding | None:
        """A distribution for each row."""
        return Distribution(logarithms=self.log_target)

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Outputs and targets must have the same shape, and the outputs be log-probabilities."""
        check_same_shape("KLDivLoss", outputs, batch.target, data)
        check_log_probabilities("KLDivLoss", one_output("KLDivLoss", outputs), "classes")

    def truth(self, batch: Batch) -> "Tensor":
        """The most probable class."""
        return batch.target.argmax(dim=1)
