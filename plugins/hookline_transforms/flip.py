"""Random flips."""

from typing import TYPE_CHECKING, Any

from hookline.spec import option, spec
from hookline_transforms.base import TransformSpec, chosen

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script


@spec
class _RandomFlip(TransformSpec):
    """A flip of some training images."""

    p: float = option(default=0.5, minimum=0, maximum=1)
    """The probability that an image is flipped."""

    def numbers(self, shape: tuple[int, ...]) -> int:
        """Return 1: whether to flip."""
        return 1

    def transform_evaluated(self, images: "Tensor") -> "Tensor":
        """Return the images as they are."""
        return images

    def _flipped(self, images: "Tensor", numbers: "NDArray[Any]", dim: int) -> "Tensor":
        import torch

        is_flipped = chosen(numbers[:, 0], self.p, images)
        return torch.where(is_flipped[:, None, None, None], images.flip(dim), images)

    def _ejected(self, script: "Script", images: str, numbers: str | None, dim: int) -> str:
        return images if numbers is None else f"{script.define(FLIPPED)}({images}, {numbers}[:, 0] < {self.p}, {dim})"


FLIPPED = '''
def flipped(images, is_flipped, dim):
    """Return images, some of which are flipped."""
    return torch.where(torch.from_numpy(is_flipped)[:, None, None, None], images.flip(dim), images)
'''


@spec
class RandomHorizontalFlip(_RandomFlip):
    """Flip training images horizontally, left to right, at random.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.RandomHorizontalFlip.html
    """

    def eject(self, script: "Script", images: str, numbers: str | None) -> str:
        """Return a call of a function that flips some images."""
        return self._ejected(script, images, numbers, -1)

    def transform(self, images: "Tensor", numbers: "NDArray[Any]") -> "Tensor":
        """Flip some images."""
        return self._flipped(images, numbers, -1)


@spec
class RandomVerticalFlip(_RandomFlip):
    """Flip training images vertically, upside down, at random.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.RandomVerticalFlip.html
    """

    def eject(self, script: "Script", images: str, numbers: str | None) -> str:
        """Return a call of a function that flips some images."""
        return self._ejected(script, images, numbers, -2)

    def transform(self, images: "Tensor", numbers: "NDArray[Any]") -> "Tensor":
        """Flip some images."""
        return self._flipped(images, numbers, -2)
