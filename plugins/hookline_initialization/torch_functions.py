"""The functions of `torch.nn.init`, by their own names.

torch's argument `generator` is left out: all random numbers of a run follow from its seed.
"""

from typing import TYPE_CHECKING, Literal

from attrs import asdict, fields_dict

from hookline.errors import OptionError
from hookline.spec import InitializationSpec, ParameterSelection, option, spec

if TYPE_CHECKING:
    from torch import Tensor

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
    """A function of `torch.nn.init`. A class below it declares torch's options and is complete."""

    def initialize(self, tensor: "Tensor") -> None:
        """Call `torch.nn.init.<the name of this class>` with these options."""
        from torch.nn import init

        selection = fields_dict(ParameterSelection)
        options = {name: value for name, value in asdict(self, recurse=False).items() if name not in selection}
        getattr(init, type(self).__name__)(tensor, **options)


@spec
class uniform_(TorchFunction):
    """Numbers from `a` to `b`, each as likely as the other.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.uniform_
    """

    a: float = option(default=0.0, unbounded=True)
    """The least number."""
    b: float = option(default=1.0, unbounded=True)
    """The greatest number."""

    def __attrs_post_init__(self) -> None:
        if self.b < self.a:
            raise OptionError("b", "This must be at least `a`.")


@spec
class normal_(TorchFunction):
    """Numbers of a normal distribution.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.normal_
    """

    mean: float = option(default=0.0, unbounded=True)
    """The mean."""
    std: float = option(default=1.0, minimum=0)
    """The standard deviation."""


@spec
class trunc_normal_(TorchFunction):
    """Numbers of a normal distribution, those outside of `a` to `b` drawn again.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.trunc_normal_
    """

    mean: float = option(default=0.0, unbounded=True)
    """The mean of the whole distribution."""
    std: float = option(default=1.0, above=0)
    """The standard deviation of the whole distribution."""
    a: float = option(default=-2.0, unbounded=True)
    """The least number; it is not counted in standard deviations."""
    b: float = option(default=2.0, unbounded=True)
    """The greatest number."""

    def __attrs_post_init__(self) -> None:
        if self.b <= self.a:
            raise OptionError("b", "This must be greater than `a`.")


@spec
class constant_(TorchFunction):
    """One number everywhere.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.constant_
    """

    val: float = option(unbounded=True)
    """The number."""


@spec
class ones_(TorchFunction):
    """1 everywhere.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.ones_
    """


@spec
class zeros_(TorchFunction):
    """0 everywhere.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.zeros_
    """


@spec
class eye_(TorchFunction):
    """The identity, for matrices: as many features as there is room for come out as they go in.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.eye_
    """


@spec
class dirac_(TorchFunction):
    """The identity, for convolutions: as many channels as there is room for come out as they go in.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.dirac_
    """

    groups: int = option(default=1, minimum=1)
    """The number of groups of the convolution."""


@spec
class Xavier(TorchFunction):
    """Keeps the variance of outputs and gradients where the nonlinearity is like the identity near 0."""

    gain: float = option(default=1.0, minimum=0)
    """What the standard deviation is multiplied by."""


@spec
class xavier_uniform_(Xavier):
    """Numbers as likely as each other, with the variance 2 gain² / (numbers in + numbers out).

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.xavier_uniform_
    """


@spec
class xavier_normal_(Xavier):
    """Numbers of a normal distribution, with the variance 2 gain² / (numbers in + numbers out).

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.xavier_normal_
    """


@spec
class Kaiming(TorchFunction):
    """Keeps the variance of outputs, or of gradients, behind a rectifier."""

    a: float = option(default=0.0, unbounded=True)
    """The negative slope of the rectifier, where `nonlinearity` is "leaky_relu"."""
    mode: Literal["fan_in", "fan_out"] = "fan_in"
    """Whether the variance of the outputs is kept, by the numbers that go in, or that of the gradients, by those that
    come out."""
    nonlinearity: Nonlinearity = "leaky_relu"
    """What the layer is followed by: the gain follows from it."""


@spec
class kaiming_uniform_(Kaiming):
    """Numbers as likely as each other, with the variance gain² / (numbers in, or out).

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_
    """


@spec
class kaiming_normal_(Kaiming):
    """Numbers of a normal distribution, with the variance gain² / (numbers in, or out).

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_normal_
    """


@spec
class orthogonal_(TorchFunction):
    """Rows, or columns, that are orthogonal to each other and have the length `gain`.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.orthogonal_
    """

    gain: float = option(default=1.0, unbounded=True)
    """What the matrix is multiplied by."""


@spec
class sparse_(TorchFunction):
    """Numbers of a normal distribution, of which a fraction in each column is 0; for matrices.

    Source: https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.sparse_
    """

    sparsity: float = option(minimum=0, maximum=1)
    """The fraction that is 0."""
    std: float = option(default=0.01, minimum=0)
    """The standard deviation of the others."""
