"""Padding with elements of the input."""

from hookline.spec import spec
from hookline_models.convolution.padding import Padding1d, Padding2d, Padding3d


@spec
class ReflectionPad1d(Padding1d):
    """Pads with the reflection of the input, without repeating the outermost elements.

    `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad1d.html
    """


@spec
class ReflectionPad2d(Padding2d):
    """Pads with the reflection of the input, without repeating the outermost elements.

    `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad2d.html
    """


@spec
class ReflectionPad3d(Padding3d):
    """Pads with the reflection of the input, without repeating the outermost elements.

    `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad3d.html
    """


@spec
class ReplicationPad1d(Padding1d):
    """Pads with copies of the outermost elements.

    `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad1d.html
    """


@spec
class ReplicationPad2d(Padding2d):
    """Pads with copies of the outermost elements.

    `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad2d.html
    """


@spec
class ReplicationPad3d(Padding3d):
    """Pads with copies of the outermost elements.

    `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad3d.html
    """


@spec
class CircularPad1d(Padding1d):
    """Pads each side with the elements of the opposite side.

    `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad1d.html
    """


@spec
class CircularPad2d(Padding2d):
    """Pads each side with the elements of the opposite side.

    `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad2d.html
    """


@spec
class CircularPad3d(Padding3d):
    """Pads each side with the elements of the opposite side.

    `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad3d.html
    """
