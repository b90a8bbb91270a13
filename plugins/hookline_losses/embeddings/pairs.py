"""Losses of distances and similarities: rows that belong together should be close, and others far apart.

All but HingeEmbeddingLoss apply the model to several groups of inputs, which have the names of torch's arguments.
"""

from typing import TYPE_CHECKING, Any

from hookline.data import Batch, Data, Outputs, Signs, Target, in_float64
from hookline.script import PredictionNames
from hookline.spec import option, spec
from hookline_losses.base import TorchLoss
from hookline_losses.checks import check_same_shape, one_output, several_outputs
from hookline_losses.output_ranges import end_below_0

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torch import Tensor, nn

    from hookline.script import BatchNames, Script


@spec
class HingeEmbeddingLoss(TorchLoss):
    """The loss of a distance: x for rows that belong together (1), and max(0, margin - x) for those that do not (-1).

    For a model that returns distances, such as one that ends in PairwiseDistance. CosineEmbeddingLoss and the triplet
    losses compute distances from the outputs.
    Outputs: float `(N, k)`, distances. Targets: float `(N, k)`, -1 or 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html
    """

    encoding = Signs()

    margin: float = option(default=1.0, unbounded=True)
    """The distance beyond which rows that do not belong together are far enough apart."""

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require outputs and targets of the same shape."""
        distances = one_output("HingeEmbeddingLoss", outputs)
        if distances.dim() == 1 and batch.target.shape == (len(distances), 1):
            raise ValueError(
                "HingeEmbeddingLoss takes distances of shape (N, 1), but the model returns (N,): set `keepdim = true` "
                "in PairwiseDistance."
            )
        check_same_shape("HingeEmbeddingLoss", distances, batch.target, data)

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Warn about negative distances."""
        if (end := end_below_0(model)) is not None:
            yield f"HingeEmbeddingLoss takes distances, but the model ends in {end}, which can return negative numbers."
        elif (one_output("HingeEmbeddingLoss", outputs) < 0).any():
            yield "HingeEmbeddingLoss takes distances, but the model returns negative numbers."

    def distances(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Mapping[str, Tensor]":
        """Return the output of the model."""
        return {"distance": one_output("HingeEmbeddingLoss", outputs)}

    def predictions(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the probability that the rows belong together: 1 at distance 0, and 0.5 at half of the margin."""
        return (2 ** -(one_output("HingeEmbeddingLoss", outputs).clamp(min=0) * 2 / self.margin)).clamp(max=1)

    def eject_predictions(self, script: "Script", *, called: str, outputs: str, batch: "BatchNames") -> PredictionNames:
        """Return the probability that the rows belong together."""
        made = f"(2 ** -({outputs}.clamp(min=0) * 2 / {self.margin})).clamp(max=1)"
        return PredictionNames(predictions=made, scores=f"-{outputs}", truth=batch.target or "")

    def scores(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the negative distance, which increases with the probability."""
        return -one_output("HingeEmbeddingLoss", outputs)


@spec
class CosineEmbeddingLoss(TorchLoss):
    """The loss of the angle between two rows: 1 - cos if they belong together, otherwise max(0, cos - margin).

    Name the inputs of the data `input1` and `input2`; the model is applied to each.
    Outputs: float `(N, features)` for each. Targets: float `(N,)`, 1 for rows that belong together and -1 for others.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineEmbeddingLoss.html
    """

    inputs = ("input1", "input2")
    encoding = Signs(flat=True)

    margin: float = option(default=0.0, minimum=-1, maximum=1)
    """The cosine below which rows that do not belong together are far enough apart."""

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require two outputs of the same two-dimensional shape."""
        several_outputs("CosineEmbeddingLoss", outputs, self.inputs, dimensions=2)

    def distances(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Mapping[str, Tensor]":
        """Return the cosine of the angle between the rows."""
        return {"cosine": self.scores(criterion, outputs, batch)}

    def predictions(self, criterion: "nn.Module", outputs: Any, batch: Batch) -> "Tensor":
        """Return the similarity of the rows from 0 to 1: (1 + cos) / 2."""
        from torch.nn.functional import cosine_similarity

        return ((1 + cosine_similarity(outputs["input1"], outputs["input2"])) / 2).clamp(0, 1)

    def eject_predictions(self, script: "Script", *, called: str, outputs: str, batch: "BatchNames") -> PredictionNames:
        """Return the similarity of the rows from 0 to 1."""
        script.use("from torch.nn.functional import cosine_similarity")
        first, second = f'{outputs}["input1"]', f'{outputs}["input2"]'
        return PredictionNames(
            predictions=f"((1 + cosine_similarity({first}, {second})) / 2).clamp(0, 1)",
            scores=f"cosine_similarity({first}.double(), {second}.double())",
            truth=batch.target or "",
        )

    def scores(self, criterion: "nn.Module", outputs: Any, batch: Batch) -> "Tensor":
        """Return the cosine in float64; in float32 it rounds to 1 for rows that are similar but not equal."""
        from torch.nn.functional import cosine_similarity

        return cosine_similarity(in_float64(outputs["input1"]), in_float64(outputs["input2"]))


@spec
class MarginRankingLoss(TorchLoss):
    """The loss of a ranking: max(0, -y (x1 - x2) + margin), where y says which of the two should rank higher.

    Name the inputs of the data `input1` and `input2`; the model returns a score for each.
    Outputs: float `(N, k)` for each. Targets: float `(N, k)`, 1 if the first ranks higher and -1 if the second does.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html
    """

    inputs = ("input1", "input2")
    encoding = Signs()

    margin: float = option(default=0.0, unbounded=True)
    """The margin by which one score must exceed the other."""

    def output_size(self, target: Target) -> int:
        """Return the number of target columns, of which the model returns scores."""
        return len(target.columns)

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require outputs and targets of the same shape."""
        first, _ = several_outputs("MarginRankingLoss", outputs, self.inputs)
        check_same_shape("MarginRankingLoss", first, batch.target, data)

    def distances(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Mapping[str, Tensor]":
        """Return how much higher the first is ranked."""
        return {"difference": self.scores(criterion, outputs, batch)}

    def predictions(self, criterion: "nn.Module", outputs: Any, batch: Batch) -> "Tensor":
        """Return the probability that the first ranks higher: the sigmoid of the difference."""
        return (outputs["input1"] - outputs["input2"]).sigmoid()

    def eject_predictions(self, script: "Script", *, called: str, outputs: str, batch: "BatchNames") -> PredictionNames:
        """Return the probability that the first ranks higher."""
        first, second = f'{outputs}["input1"]', f'{outputs}["input2"]'
        return PredictionNames(
            predictions=f"({first} - {second}).sigmoid()",
            scores=f"({first}.double() - {second}.double())",
            truth=batch.target or "",
        )

    def scores(self, criterion: "nn.Module", outputs: Any, batch: Batch) -> "Tensor":
        """Return the difference in float64."""
        return in_float64(outputs["input1"]) - in_float64(outputs["input2"])
