"""Losses of triplets: the positive should be nearer to the anchor than the negative."""

from typing import TYPE_CHECKING, Any

from hookline.data import Batch, Data, Encoding, Outputs
from hookline.script import Code, PredictionNames, cannot_be_written, literal
from hookline.spec import DistanceSpec, option, spec
from hookline_losses.base import TorchLoss
from hookline_losses.checks import several_outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor, nn

    from hookline.script import BatchNames, Script

NEARER = '''
def is_nearer(outputs):
    """Return the probability that the positive is nearer to the anchor than the negative: a sigmoid of distances."""
    near = NEAR
    far = FAR
    return (far - near).sigmoid().unsqueeze(1)
'''


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
