"""Losses of distances and likenesses: what belongs together is to lie close, and the rest apart.

All but HingeEmbeddingLoss apply the model to several groups of inputs, which bear the names of torch's arguments.
"""

from typing import TYPE_CHECKING, Any

from hookline.data import Batch, Data, Encoding, Outputs, Signs, in_float64
from hookline.spec import DistanceSpec, option, spec
from hookline_losses.base import TorchLoss, check_same_shape, one_output, several_outputs
from hookline_losses.output_ranges import end_below_0

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn


@spec
class HingeEmbeddingLoss(TorchLoss):
    """The loss of a distance: x for rows that belong together (1), and max(0, margin - x) for those that do not (-1).

    For a model that gives a distance itself, such as one that ends in PairwiseDistance; CosineEmbeddingLoss and the
    triplet losses compute it of what the model gives.
    Outputs: float `(N, k)`, distances. Targets: float `(N, k)`, -1 or 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html
    """

    encoding = Signs()

    margin: float = option(default=1.0, unbounded=True)
    """The distance from which on rows that do not belong together are far enough apart."""

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Outputs and targets must have the same shape."""
        distances = one_output("HingeEmbeddingLoss", outputs)
        if distances.dim() == 1 and batch.target.shape == (len(distances), 1):
            raise ValueError(
                "HingeEmbeddingLoss takes distances of shape (N, 1), and the model gives (N,): PairwiseDistance keeps "
                "that dimension with `keepdim = true`."
            )
        check_same_shape("HingeEmbeddingLoss", distances, batch.target, data)

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """A distance is not negative."""
        if (end := end_below_0(model)) is not None:
            yield f"HingeEmbeddingLoss takes distances, and the model ends in {end}, which gives negative numbers too."
        elif (one_output("HingeEmbeddingLoss", outputs) < 0).any():
            yield "HingeEmbeddingLoss takes distances, and the model gives negative numbers."

    def predictions(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """How probable it is that they belong together: 1 at the distance 0, and a half at half of the margin."""
        return (2 ** -(one_output("HingeEmbeddingLoss", outputs).clamp(min=0) * 2 / self.margin)).clamp(max=1)

    def scores(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """The distance, from the greatest to the least."""
        return -one_output("HingeEmbeddingLoss", outputs)


@spec
class CosineEmbeddingLoss(TorchLoss):
    """The loss of the angle between two rows: 1 - cos for those that belong together, and max(0, cos - margin) else.

    The data's inputs are called `input1` and `input2`, and the model is applied to each.
    Outputs: float `(N, features)` of both. Targets: float `(N,)`, 1 for rows that belong together and -1 for others.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineEmbeddingLoss.html
    """

    inputs = ("input1", "input2")
    encoding = Signs(flat=True)

    margin: float = option(default=0.0, minimum=-1, maximum=1)
    """The cosine up to which rows that do not belong together are far enough apart."""

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Both outputs must have one shape, of two dimensions."""
        several_outputs("CosineEmbeddingLoss", outputs, self.inputs, dimensions=2)

    def predictions(self, criterion: "nn.Module", outputs: Any, batch: Batch) -> "Tensor":
        """How alike the two are, from 0 to 1: half of 1 + cos."""
        from torch.nn.functional import cosine_similarity

        return ((1 + cosine_similarity(outputs["input1"], outputs["input2"])) / 2).clamp(0, 1)

    def scores(self, criterion: "nn.Module", outputs: Any, batch: Batch) -> "Tensor":
        """The cosine, in float64: in float32 it is 1 of rows that are not quite alike."""
        from torch.nn.functional import cosine_similarity

        return cosine_similarity(in_float64(outputs["input1"]), in_float64(outputs["input2"]))


@spec
class MarginRankingLoss(TorchLoss):
    """The loss of an order: max(0, -y (x1 - x2) + margin), y saying which of the two is to be ranked higher.

    The data's inputs are called `input1` and `input2`, and the model gives a score for each.
    Outputs: float `(N, k)` of both. Targets: float `(N, k)`, 1 if the first ranks higher and -1 if the second does.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html
    """

    inputs = ("input1", "input2")
    encoding = Signs()

    margin: float = option(default=0.0, unbounded=True)
    """By how much the one score is to be greater than the other."""

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Both outputs and the target must have one shape."""
        first, _ = several_outputs("MarginRankingLoss", outputs, self.inputs)
        check_same_shape("MarginRankingLoss", first, batch.target, data)

    def predictions(self, criterion: "nn.Module", outputs: Any, batch: Batch) -> "Tensor":
        """How probable it is that the first ranks higher: the sigmoid of the difference."""
        return (outputs["input1"] - outputs["input2"]).sigmoid()

    def scores(self, criterion: "nn.Module", outputs: Any, batch: Batch) -> "Tensor":
        """The difference, in float64."""
        return in_float64(outputs["input1"]) - in_float64(outputs["input2"])


class TripletLoss(TorchLoss):
    """The base of both losses of triplets."""

    inputs = ("anchor", "positive", "negative")
    offers = "triplets"

    @property
    def encoding(self) -> Encoding | None:
        """There is no target: the three rows say all."""
        return None

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """The three outputs must have one shape."""
        several_outputs(type(self).__name__, outputs, self.inputs, dimensions=2)

    def predictions(self, criterion: "nn.Module", outputs: Any, batch: Batch) -> "Tensor":
        """How probable it is that the positive is nearer: the sigmoid of the difference of both distances."""
        nearer = self.distance(criterion, outputs["anchor"], outputs["negative"]) - self.distance(
            criterion, outputs["anchor"], outputs["positive"]
        )
        return nearer.sigmoid().unsqueeze(1)

    def truth(self, batch: Batch) -> "Tensor":
        """The positive is to be nearer, always."""
        rows = next(iter(batch.inputs.values()))
        return rows.new_ones(len(rows), 1)

    def distance(self, criterion: "nn.Module", first: "Tensor", second: "Tensor") -> "Tensor":
        """The distance of two outputs, `(N,)`, as the criterion measures it."""
        raise NotImplementedError


@spec
class TripletMarginLoss(TripletLoss):
    """The loss of a triplet: max(0, d(anchor, positive) - d(anchor, negative) + margin), d being the p-norm.

    The data's inputs are called `anchor`, `positive` and `negative`, and the model is applied to each. `Triplets` draws
    them from data with classes.
    Outputs: float `(N, features)` of all three. There are no targets.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html; Balntas, Riba, Ponsa and
    Mikolajczyk, http://www.bmva.org/bmvc/2016/papers/paper119/index.html
    """

    margin: float = option(default=1.0, above=0)
    """By how much the negative is to be farther away than the positive."""
    p: float = option(default=2.0, above=0)
    """Which norm it is."""
    eps: float = option(default=1e-06, minimum=0)
    """Added to the difference of two outputs, so that their distance is never 0."""
    swap: bool = False
    """Whether the distance of positive and negative counts instead of that of anchor and negative, if it is less."""

    def distance(self, criterion: "nn.Module", first: "Tensor", second: "Tensor") -> "Tensor":
        """The p-norm of the difference."""
        from torch.nn.functional import pairwise_distance

        return pairwise_distance(first, second, self.p, self.eps)


@spec
class TripletMarginWithDistanceLoss(TripletLoss):
    """The loss of a triplet, max(0, d(anchor, positive) - d(anchor, negative) + margin), with a distance d of choice.

    The data's inputs are called `anchor`, `positive` and `negative`, and the model is applied to each. `Triplets` draws
    them from data with classes.
    Outputs: float `(N, features)` of all three. There are no targets.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginWithDistanceLoss.html
    """

    distance_function: DistanceSpec | None = None
    """The distance; left out, it is PairwiseDistance."""
    margin: float = option(default=1.0, above=0)
    """By how much the negative is to be farther away than the positive."""
    swap: bool = False
    """Whether the distance of positive and negative counts instead of that of anchor and negative, if it is less."""

    def build(self, data: Data) -> "nn.Module":
        """Torch's class, with the distance that the spec names."""
        from torch import nn

        options = self.own_options()
        if self.distance_function is not None:
            options["distance_function"] = self.distance_function.build()
        return nn.TripletMarginWithDistanceLoss(**options)

    def distance(self, criterion: "nn.Module", first: "Tensor", second: "Tensor") -> "Tensor":
        """As the criterion measures it."""
        measure: Any = criterion.distance_function
        return measure(first, second)
