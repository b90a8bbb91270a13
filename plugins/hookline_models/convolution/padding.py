"""Padding with constants."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class Padding1d(TorchLayer):
    """The base class of padding for series."""

    row = ("channels", "length")

    padding: int | tuple[int, int] = option(unbounded=True)
    """The padding at the beginning and the end, or one number for both; negative numbers crop."""


@spec
class Padding2d(TorchLayer):
    """The base class of padding for images."""

    row = ("channels", "height", "width")

    padding: int | tuple[int, int, int, int] = option(unbounded=True)
    """The padding at left, right, top and bottom, in this order, or one number for all; negative numbers crop."""


@spec
class Padding3d(TorchLayer):
    """The base class of padding for volumes."""

    row = ("channels", "depth", "height", "width")

    padding: int | tuple[int, int, int, int, int, int] = option(unbounded=True)
    """The padding at left, right, top, bottom, front and back, or one number for all; negative numbers crop."""


@spec
class ZeroPad1d(Padding1d):
    """Pads the input with zeros: `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad1d.html
    """


@spec
class ZeroPad2d(Padding2d):
    """Pads the input with zeros: `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html
    """


@spec
class ZeroPad3d(Padding3d):
    """Pads the input with zeros: `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad3d.html
    """


@spec
class ConstantPad1d(Padding1d):
    """Pads the input with a constant: `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad1d.html
    """

    value: float = option(unbounded=True)
    """The constant."""


@spec
class ConstantPad2d(Padding2d):
    """Pads the input with a constant: `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad2d.html
    """

    value: float = option(unbounded=True)
    """The constant."""


@spec
class ConstantPad3d(Padding3d):
    """Pads the input with a constant: `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad3d.html
    """

    value: float = option(unbounded=True)
    """The constant."""
