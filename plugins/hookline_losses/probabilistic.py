"""Losses that are the likelihood of a distribution whose parameters the model gives."""

from hookline import Activation, Numbers, option, spec
from hookline_losses.regression import RegressionLoss


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
    eps: float = option(default=1e-08, above=0)
    """Added to the expected count before its logarithm is taken, without `log_input`."""

    @property
    def activation(self) -> Activation:
        """The exponential of a logarithm, or the count as it is."""
        return "exp" if self.log_input else "identity"
