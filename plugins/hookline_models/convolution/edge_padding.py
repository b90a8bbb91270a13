"""Layers that add around what goes in numbers that are taken from it."""

from hookline.spec import spec
from hookline_models.convolution.padding import Padding1d, Padding2d, Padding3d


@spec
class ReflectionPad1d(Padding1d):
    """Adds a mirror image of what goes in, without the outermost numbers.

    `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad1d.html
    """


@spec
class ReflectionPad2d(Padding2d):
    """Adds a mirror image of what goes in, without the outermost numbers.

    `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad2d.html
    """


@spec
class ReflectionPad3d(Padding3d):
    """Adds a mirror image of what goes in, without the outermost numbers.

    `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad3d.html
    """


@spec
class ReplicationPad1d(Padding1d):
    """Adds the outermost numbers again and again.

    `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad1d.html
    """


@spec
class ReplicationPad2d(Padding2d):
    """Adds the outermost numbers again and again.

    `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad2d.html
    """


@spec
class ReplicationPad3d(Padding3d):
    """Adds the outermost numbers again and again.

    `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad3d.html
    """


@spec
class CircularPad1d(Padding1d):
    """Adds at each side what stands at the opposite one.

    `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad1d.html
    """


@spec
class CircularPad2d(Padding2d):
    """Adds at each side what stands at the opposite one.

    `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad2d.html
    """


@spec
class CircularPad3d(Padding3d):
    """Adds at each side what stands at the opposite one.

    `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad3d.html
    """
