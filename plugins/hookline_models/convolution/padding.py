"""Layers that add constants around what goes in."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class Padding1d(TorchLayer):
    """What all layers have that add to the ends of a series."""

    row = ("channels", "length")

    padding: int | tuple[int, int] = option(unbounded=True)
    """How much is added at the beginning and the end, or everywhere; a negative number takes away."""


@spec
class Padding2d(TorchLayer):
    """What all layers have that add to the edges of an image."""

    row = ("channels", "height", "width")

    padding: int | tuple[int, int, int, int] = option(unbounded=True)
    """How much is added at left, right, top and bottom, in this order, or everywhere; a negative number takes away."""


@spec
class Padding3d(TorchLayer):
    """What all layers have that add to the faces of a volume."""

    row = ("channels", "depth", "height", "width")

    padding: int | tuple[int, int, int, int, int, int] = option(unbounded=True)
    """How much is added at left, right, top, bottom, front and back, or everywhere; a negative number takes away."""


@spec
class ZeroPad1d(Padding1d):
    """Adds zeros around what goes in: `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad1d.html
    """


@spec
class ZeroPad2d(Padding2d):
    """Adds zeros around what goes in: `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html
    """


@spec
class ZeroPad3d(Padding3d):
    """Adds zeros around what goes in: `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad3d.html
    """


@spec
class ConstantPad1d(Padding1d):
    """Adds one number all around what goes in: `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad1d.html
    """

    value: float = option(unbounded=True)
    """The number."""


@spec
class ConstantPad2d(Padding2d):
    """Adds one number all around what goes in: `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad2d.html
    """

    value: float = option(unbounded=True)
    """The number."""


@spec
class ConstantPad3d(Padding3d):
    """Adds one number all around what goes in: `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad3d.html
    """

    value: float = option(unbounded=True)
    """The number."""
