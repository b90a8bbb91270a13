"""Transforms of images."""

from typing import TYPE_CHECKING, Any

from hookline.script.written import without_lines
from hookline.spec.options import Spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script.script import Script


class TransformSpec(Spec):
    """A transform of images, which a data source applies to each batch.

    A random transform, such as a flip, changes training rows only. It gets its random numbers as an argument: they
    depend on the seed, the epoch and the position of the row in the epoch, and on nothing else. So a run repeats and
    resumes exactly, and the images do not depend on the batch size.
    """

    __slots__ = ()
    family = "transform"
    behavior = ("transform", "transform_evaluated")

    def numbers(self, shape: "tuple[int, ...]") -> int:
        """Return how many random numbers it takes for each image of this shape; 0 if it is not random."""
        return 0

    @property
    def needs_statistics(self) -> bool:
        """Whether it needs the mean and standard deviation of each channel over all training images."""
        return False

    def with_statistics(self, mean: "Sequence[float]", std: "Sequence[float]") -> "TransformSpec":
        """Return the transform with these statistics, if it needs them."""
        return self

    def shape_after(self, shape: "tuple[int, ...]") -> "tuple[int, ...]":
        """Return the shape `(C, H, W)` of a transformed image, given the shape before.

        Raises:
            ValueError: If it cannot transform images of this shape; the message is a sentence.

        """
        return shape

    def transform(self, images: "Tensor", numbers: "NDArray[Any]") -> "Tensor":
        """Return transformed training images.

        Args:
            images: Floating-point images `(N, C, H, W)`, which may be overwritten.
            numbers: Uniform random numbers in [0, 1), float64 `(N, numbers)`. Use only those of a row for its image.

        """
        raise NotImplementedError(f"{type(self).__name__} has no `transform`.")

    def transform_evaluated(self, images: "Tensor") -> "Tensor":
        """Return transformed images `(N, C, H, W)` of the validation and test splits, or new images.

        They have the shape of training images afterwards. Random transforms keep the images as they are, or take their
        center.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `transform_evaluated`.")

    @without_lines
    def eject(self, script: "Script", images: str, numbers: str | None) -> str:
        """Return an expression of the transformed images, for `hookline eject`.

        Args:
            script: takes the functions that the expression needs.
            images: the images, as code.
            numbers: the random numbers of the training images, as code; `None` for images that are evaluated.

        """
        raise NotImplementedError(f"{type(self).__name__} has no `eject`.")
