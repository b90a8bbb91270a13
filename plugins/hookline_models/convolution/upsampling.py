"""Layers that make inputs larger, or of another size, by interpolation."""

from typing import Literal

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_models.base import TorchLayer


def _check_one_is_given(size: object, scale_factor: object) -> None:
    if (size is None) == (scale_factor is None):
        raise OptionError("size", "Give either `size` or `scale_factor`.")


@spec
class Upsample(TorchLayer):
    """Interpolates over one, two or three dimensions: `(N, C, …)` to `(N, C, …')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Upsample.html
    """

    size: int | tuple[int, ...] | None = option(default=None, minimum=1)
    """The size of the output in each dimension; left out, it follows from `scale_factor`."""
    scale_factor: float | tuple[float, ...] | None = option(default=None, above=0)
    """How many times as large each dimension becomes; left out, it follows from `size`."""
    mode: Literal["nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact"] = "nearest"
    """How it is done: "linear" is for one dimension, "bilinear" and "bicubic" are for two, "trilinear" is for three."""
    align_corners: bool | None = None
    """Whether the outermost numbers keep their place, if `mode` ends in "linear" or "cubic"; left out, they do not."""
    recompute_scale_factor: bool | None = None
    """Whether places follow from the output's rounded size; left out, they follow from `scale_factor` as it stands."""

    def __attrs_post_init__(self) -> None:
        _check_one_is_given(self.size, self.scale_factor)
        if self.align_corners is not None and not self.mode.endswith(("linear", "cubic")):
            raise OptionError("align_corners", f'With the mode "{self.mode}" it must be left out.')
        if self.recompute_scale_factor and self.scale_factor is None:
            raise OptionError("recompute_scale_factor", "It goes with `scale_factor`, and not with `size`.")


@spec
class ImageUpsampling(TorchLayer):
    """The options of layers that make images larger in one way."""

    row = ("channels", "height", "width")

    size: int | tuple[int, int] | None = option(default=None, minimum=1)
    """The height and width of the output; left out, they follow from `scale_factor`."""
    scale_factor: float | tuple[float, float] | None = option(default=None, above=0)
    """How many times as large height and width become; left out, it follows from `size`."""

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
