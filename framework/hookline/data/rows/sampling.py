"""Sample training rows with replacement, in proportion to weights."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.data.targets.encoding import Target
from hookline.errors.exceptions import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


class WeightedSampler:
    """Draws rows with replacement, as `torch.utils.data.WeightedRandomSampler` does, reproducibly for each epoch.

    The rows of an epoch are `numpy.random.default_rng((seed, epoch)).choice(rows, num_samples, p=weights / sum)`.
    """

    def __init__(self, weights: "NDArray[Any]", num_samples: int):
        """Take the weight of each row, not negative, and the number of rows in an epoch."""
        self.weights = weights
        self.num_samples = num_samples
        # What `choice` computes in each call. The last number is then exactly 1.
        shares = (weights / weights.sum()).cumsum()
        self._limits = shares / shares[-1]

    def order(self, seed: int, epoch: int) -> "Tensor":
        """Return the row numbers of an epoch, int64 `(num_samples,)`."""
        import numpy
        import torch

        drawn = numpy.random.default_rng((seed, epoch)).random(self.num_samples)
        return torch.from_numpy(self._limits.searchsorted(drawn, side="right"))


@frozen(kw_only=True, eq=False)
class Sampling:
    """How to sample the training rows: with equal chances for each class, or with given weights."""

    weights: "NDArray[Any] | None" = None
    """The weight of each training row; `None` for equal chances of the classes of the first target."""
    num_samples: int | None = None
    """The number of rows in an epoch; `None` for that of the training split."""

    def sampler(self, encoded: "Mapping[str, Tensor]", known: Mapping[str, Target]) -> WeightedSampler:
        """Return the sampler for these encoded targets of the training rows.

        Raises:
            DataError: If the first target is not one class per row, or if the weights are not valid.

        """
        weights = self._balanced(encoded, known) if self.weights is None else self.weights
        return WeightedSampler(weights, len(weights) if self.num_samples is None else self.num_samples)

    def _balanced(self, encoded: "Mapping[str, Tensor]", known: Mapping[str, Target]) -> "NDArray[Any]":
        import numpy

        name = next(iter(known), None)
        target = None if name is None else known[name]
        if name is None or target is None or target.counts is None or len(target.counts) != len(target.classes or ()):
            what = "there is no target" if target is None else f'"{", ".join(target.columns)}" is not'
            raise DataError(
                f'sampler = "balanced" needs a target with one class per row, but {what}. Use sampler = "weighted" and '
                "name a column of weights in `sample_weights`.",
                option=("sampler",),
            )
        rows = encoded[name]
        classes = rows.flatten().numpy()
        if rows.is_floating_point():
            classes = (classes > 0).astype(numpy.int64)  # Two classes, encoded as 0 and 1 or as -1 and 1.
        if len(classes) != len(rows):
            message = f'sampler = "balanced" needs one class per row, but "{target.columns[0]}" has several.'
            raise DataError(message, option=("sampler",))
        counts = numpy.maximum(target.counts, 1)
        weights: NDArray[Any] = numpy.where(classes < 0, 0.0, 1 / counts[classes])
        return weights
