"""The functions of `torch.nn.init`, with the same names.

torch's argument `generator` is not supported: all random numbers of a run depend on its seed.
"""

from typing import TYPE_CHECKING, Any, Literal

from attrs import asdict, fields_dict

from hookline.errors import OptionError
from hookline.script import Code, constructor
from hookline.spec import InitializationSpec, ParameterSelection, option, spec

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script import Script

Nonlinearity = Literal[
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "selu",
]


@spec
class TorchFunction(InitializationSpec):
    """A function of `torch.nn.init`. A subclass only declares torch's options."""

    def initialize(self, tensor: "Tensor") -> None:
        """Call `torch.nn.init.<the name of this class>` with these options."""
        from torch.nn import init

        getattr(init, type(self).__name__)(tensor, **self._options())

    def eject(self, script: "Script", tensor: str) -> str:
        """Return `nn.init.<the name of this class>(…)` with the options that differ from torch's defaults."""
        from torch.nn import init

        script.use("from torch import nn")
        name = type(self).__name__
        return constructor(f"nn.init.{name}", getattr(init, name), {"tensor": Code(tensor), **self._options()})

    def _options(self) -> dict[str, Any]:
        """Return the arguments of torch's function, without the tensor."""
        selection = fields_dict(ParameterSelection)
        return {name: value for name, value in asdict(self, recurse=False).items() if name not in selection}


@spec
class uniform_(TorchFunction):
    """A uniform distribution from `a` to `b`.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.uniform_
    """

    a: float = option(default=0.0, unbounded=True)
    """The minimum."""
    b: float = option(default=1.0, unbounded=True)
    """The maximum."""

    def __attrs_post_init__(self) -> None:
        if self.b < self.a:
            raise OptionError("b", "This must be at least `a`.")


@spec
class normal_(TorchFunction):
    """A normal distribution.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.normal_
    """

    mean: float = option(default=0.0, unbounded=True)
    """The mean."""
    std: float = option(default=1.0, minimum=0)
    """The standard deviation."""


@spec
class trunc_normal_(TorchFunction):
    """A truncated normal distribution: values outside `a` to `b` are drawn again.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.trunc_normal_
    """

    mean: float = option(default=0.0, unbounded=True)
    """The mean of the untruncated distribution."""
    std: float = option(default=1.0, above=0)
    """The standard deviation of the untruncated distribution."""
    a: float = option(default=-2.0, unbounded=True)
    """The minimum, as an absolute value and not in standard deviations."""
    b: float = option(default=2.0, unbounded=True)
    """The maximum."""

    def __attrs_post_init__(self) -> None:
        if self.b <= self.a:
            raise OptionError("b", "This must be greater than `a`.")


@spec
class constant_(TorchFunction):
    """A constant.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.constant_
    """

    val: float = option(unbounded=True)
    """The number."""


@spec
class ones_(TorchFunction):
    """Ones.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.ones_
    """


@spec
class zeros_(TorchFunction):
    """Zeros.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.zeros_
    """


@spec
class eye_(TorchFunction):
    """The identity matrix, which preserves as many input features as possible.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.eye_
    """


@spec
class dirac_(TorchFunction):
    """The identity for convolutions, which preserves as many input channels as possible.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.dirac_
    """

    groups: int = option(default=1, minimum=1)
    """The number of groups of the convolution."""


@spec
class Xavier(TorchFunction):
    """Preserves the variance of outputs and gradients if the nonlinearity is close to the identity near 0."""

    gain: float = option(default=1.0, minimum=0)
    """The factor of the standard deviation."""


@spec
class xavier_uniform_(Xavier):
    """A uniform distribution with variance 2 gain² / (fan_in + fan_out).

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.xavier_uniform_
    """


@spec
class xavier_normal_(Xavier):
    """A normal distribution with variance 2 gain² / (fan_in + fan_out).

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.xavier_normal_
    """


@spec
class Kaiming(TorchFunction):
    """Preserves the variance of outputs or of gradients for rectifiers."""

    a: float = option(default=0.0, unbounded=True)
    """The negative slope of the rectifier, if `nonlinearity` is "leaky_relu"."""
    mode: Literal["fan_in", "fan_out"] = "fan_in"
    """Whether to preserve the variance of outputs ("fan_in") or of gradients ("fan_out")."""
    nonlinearity: Nonlinearity = "leaky_relu"
    """The nonlinearity after the layer, which determines the gain."""


@spec
class kaiming_uniform_(Kaiming):
    """A uniform distribution with variance gain² / fan_in, or gain² / fan_out.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_
    """


@spec
class kaiming_normal_(Kaiming):
    """A normal distribution with variance gain² / fan_in, or gain² / fan_out.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_normal_
    """


@spec
class orthogonal_(TorchFunction):
    """A matrix with orthogonal rows or columns of norm `gain`.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.orthogonal_
    """

    gain: float = option(default=1.0, unbounded=True)
    """The factor of the matrix."""


@spec
class sparse_(TorchFunction):
    """A sparse matrix: a normal distribution with a fraction of each column set to 0.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.sparse_
    """

    sparsity: float = option(minimum=0, maximum=1)
    """The fraction of zeros in each column."""
    std: float = option(default=0.01, minimum=0)
    """The standard deviation of the other elements."""
