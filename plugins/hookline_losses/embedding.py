"""Losses of distances and similarities: rows that belong together should be close, and others far apart.

All but HingeEmbeddingLoss apply the model to several groups of inputs, which have the names of torch's arguments.
"""

from typing import TYPE_CHECKING, Any

from hookline.data import Batch, Data, Encoding, Outputs, Signs, Target, in_float64
from hookline.script import Code, PredictionNames, cannot_be_written, literal
from hookline.spec import DistanceSpec, option, spec
from hookline_losses.base import TorchLoss, check_same_shape, one_output, several_outputs
from hookline_losses.output_ranges import end_below_0

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from torch import Tensor, nn

    from hookline.script import BatchNames, Script


NEARER = '''
def is_nearer(outputs):
    """Return the probability that the positive is nearer to the anchor than the negative: a sigmoid of distances."""
    near = NEAR
    far = FAR
    return (far - near).sigmoid().unsqueeze(1)
'''


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


class TripletLoss(TorchLoss):
    """The base of the triplet losses."""

    inputs = ("anchor", "positive", "negative")
    offers = "triplets"

    @property
    def encoding(self) -> Encoding | None:
        """Triplets have no target."""
        return None

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require three outputs of the same shape."""
        several_outputs(type(self).__name__, outputs, self.inputs, dimensions=2)

    def distances(self, criterion: "nn.Module", outputs: Any, batch: Batch) -> "Mapping[str, Tensor]":
        """Return the distances of the positive and of the negative from the anchor."""
        return {name: self.distance(criterion, outputs["anchor"], outputs[name]) for name in ("positive", "negative")}

    def predictions(self, criterion: "nn.Module", outputs: Any, batch: Batch) -> "Tensor":
        """Return the probability that the positive is nearer: the sigmoid of the difference of both distances."""
        found = self.distances(criterion, outputs, batch)
        return (found["negative"] - found["positive"]).sigmoid().unsqueeze(1)

    def eject_predictions(self, script: "Script", *, called: str, outputs: str, batch: "BatchNames") -> PredictionNames:
        """Return the probability that the positive is nearer, which should be 1 for each row."""
        distance = self.ejected_distance(script, called)
        anchor = f'{outputs}["anchor"]'
        near, far = (f"{distance(anchor, f'{outputs}[{literal(name)}]')}" for name in ("positive", "negative"))
        name = script.define(NEARER.replace("FAR", far).replace("NEAR", near).replace(outputs, "outputs"))
        made = f"{name}({outputs})"
        return PredictionNames(predictions=made, scores=made, truth=f"torch.ones(len({anchor}), 1)")

    def ejected_distance(self, script: "Script", called: str) -> "Callable[[str, str], str]":
        """Return a function that returns the code of `distance`."""
        raise cannot_be_written(f"The distance of {type(self).__name__} has no lines.")

    def truth(self, batch: Batch) -> "Tensor":
        """Return 1 for each row, since the positive should always be nearer."""
        rows = next(iter(batch.inputs.values()))
        return rows.new_ones(len(rows), 1)

    def distance(self, criterion: "nn.Module", first: "Tensor", second: "Tensor") -> "Tensor":
        """Return the distances of two outputs, `(N,)`, as the criterion computes them."""
        raise NotImplementedError


@spec
class TripletMarginLoss(TripletLoss):
    """The loss of a triplet: max(0, d(anchor, positive) - d(anchor, negative) + margin), where d is the p-norm.

    Name the inputs of the data `anchor`, `positive` and `negative`; the model is applied to each. `Triplets` draws them
    from data with classes.
    Outputs: float `(N, features)` for each. There are no targets.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html; Balntas, Riba, Ponsa and
    Mikolajczyk, http://www.bmva.org/bmvc/2016/papers/paper119/index.html
    """

    margin: float = option(default=1.0, above=0)
    """The margin by which the negative must be farther away than the positive."""
    p: float = option(default=2.0, above=0)
    """The exponent of the norm."""
    eps: float = option(default=1e-06, minimum=0)
    """A number that is added to the difference of two outputs, so that their distance is never 0."""
    swap: bool = False
    """Use the distance of positive and negative instead of that of anchor and negative if it is smaller."""

    def ejected_distance(self, script: "Script", called: str) -> "Callable[[str, str], str]":
        """Return the p-norm of the difference."""
        script.use("from torch.nn.functional import pairwise_distance")
        return lambda first, second: f"pairwise_distance({first}, {second}, {self.p}, {self.eps})"

    def distance(self, criterion: "nn.Module", first: "Tensor", second: "Tensor") -> "Tensor":
        """Return the p-norm of the difference."""
        from torch.nn.functional import pairwise_distance

        return pairwise_distance(first, second, self.p, self.eps)


@spec
class TripletMarginWithDistanceLoss(TripletLoss):
    """The loss of a triplet, max(0, d(anchor, positive) - d(anchor, negative) + margin), with any distance d.

    Name the inputs of the data `anchor`, `positive` and `negative`; the model is applied to each. `Triplets` draws them
    from data with classes.
    Outputs: float `(N, features)` for each. There are no targets.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginWithDistanceLoss.html
    """

    distance_function: DistanceSpec | None = None
    """The distance. Default: PairwiseDistance."""
    margin: float = option(default=1.0, above=0)
    """The margin by which the negative must be farther away than the positive."""
    swap: bool = False
    """Use the distance of positive and negative instead of that of anchor and negative if it is smaller."""

    def build(self, data: Data) -> "nn.Module":
        """Return torch's class with the distance of the spec."""
        from torch import nn

        options = self.own_options()
        if self.distance_function is not None:
            options["distance_function"] = self.distance_function.build()
        return nn.TripletMarginWithDistanceLoss(**options)

    row_losses = TorchLoss.row_losses
    eject = TorchLoss.eject

    def ejected_options(self, script: "Script", criterion: "nn.Module") -> dict[str, Any]:
        """Return the options, with the distance of the spec."""
        options = self.own_options()
        if self.distance_function is not None:
            options["distance_function"] = Code(self.distance_function.eject(script))
        return options

    def ejected_distance(self, script: "Script", called: str) -> "Callable[[str, str], str]":
        """Return the distance of the criterion."""
        return lambda first, second: f"{called}.distance_function({first}, {second})"

    def distance(self, criterion: "nn.Module", first: "Tensor", second: "Tensor") -> "Tensor":
        """Return the distances as the criterion computes them."""
        measure: Any = criterion.distance_function
        return measure(first, second)
