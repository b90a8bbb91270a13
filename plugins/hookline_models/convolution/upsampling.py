"""Layers that resize inputs by interpolation."""

from typing import Literal

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_models.base import TorchLayer


def _check_one_is_given(size: object, scale_factor: object) -> None:
    if (size is None) == (scale_factor is None):
        raise OptionError("size", "Set either `size` or `scale_factor`.")


@spec
class Upsample(TorchLayer):
    """Interpolates over one, two or three dimensions: `(N, C, …)` to `(N, C, …')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Upsample.html
    """

    size: int | tuple[int, ...] | None = option(default=None, minimum=1)
    """The size of the output in each dimension. Set this or `scale_factor`."""
    scale_factor: float | tuple[float, ...] | None = option(default=None, above=0)
    """The factor for the size of each dimension. Set this or `size`."""
    mode: Literal["nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact"] = "nearest"
    """The algorithm: "linear" is for one dimension, "bilinear" and "bicubic" for two, "trilinear" for three."""
    align_corners: bool | None = None
    """Align the corner elements of input and output, if `mode` ends in "linear" or "cubic". Default: false."""
    recompute_scale_factor: bool | None = None
    """Interpolate with the scale of the rounded output size. Default: use `scale_factor` unchanged."""

    def __attrs_post_init__(self) -> None:
        _check_one_is_given(self.size, self.scale_factor)
        if self.align_corners is not None and not self.mode.endswith(("linear", "cubic")):
            raise OptionError("align_corners", f'With the mode "{self.mode}" it cannot be set.')
        if self.recompute_scale_factor and self.scale_factor is None:
            raise OptionError("recompute_scale_factor", "It applies to `scale_factor`, not to `size`.")


@spec
class ImageUpsampling(TorchLayer):
    """The options of layers with a fixed interpolation of images."""

    row = ("channels", "height", "width")

    size: int | tuple[int, int] | None = option(default=None, minimum=1)
    """The height and width of the output. Set this or `scale_factor`."""
    scale_factor: float | tuple[float, float] | None = option(default=None, above=0)
    """The factor for height and width. Set this or `size`."""

    def __attrs_post_init__(self) -> None:
        _check_one_is_given(self.size, self.scale_factor)


@spec
class UpsamplingNearest2d(ImageUpsampling):
    """Upsample with the mode "nearest", for images: `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.UpsamplingNearest2d.html
    """


@spec
class UpsamplingBilinear2d(ImageUpsampling):
    """Upsample with the mode "bilinear" and aligned corners: `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.UpsamplingBilinear2d.html
    """
