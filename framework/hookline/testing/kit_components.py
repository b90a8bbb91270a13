"""The components of the kit itself, so that a small training needs no plugin except the one under test."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline.data.batches import Batch, Outputs
from hookline.data.data import Data
from hookline.data.input_group import InputGroup
from hookline.data.targets.distributions import ClassesOrDistribution
from hookline.data.targets.labels import Probabilities
from hookline.plugins.stages import hookimpl
from hookline.spec.families.distance import DistanceSpec
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.model import ModelSpec
from hookline.spec.families.optimizer import OptimizerSpec
from hookline.spec.options import Spec, option, spec
from hookline.testing.synthetic_data import Synthetic
from hookline.training.build.build import build_and_apply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn, optim

Last = Literal["sigmoid", "log_softmax", "softmax"] | None

HIDDEN = 8
"""The width of the hidden layer."""


class Kit:
    """The kit's own plugin."""

    @hookimpl
    def register_specs(self) -> list[type[Spec]]:
        """All components that the kit's trainings use in addition to the component under test."""
        return [
            Synthetic,
            KitModel,
            KitMatrix,
            KitSquaredError,
            KitCrossEntropy,
            KitBinaryCrossEntropy,
            KitTripletLoss,
            KitGradientDescent,
        ]


@spec
class KitModel(ModelSpec):
    """A small network that ends in a linear layer, optionally followed by `last`."""

    first: ModelSpec | None = None
    """The first layers of the network. Default: a linear layer and Tanh."""
    outputs: int = option(default=1, minimum=1)
    """The number of outputs."""
    last: Last = None
    """The activation after the last linear layer, for losses that take probabilities or their logarithms."""

    def build(self, inputs: "Tensor", *, groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """A `torch.nn.Sequential`."""
        from torch import nn

        if self.first is None:
            layers = [nn.Flatten(), nn.Linear(inputs[0].numel(), HIDDEN), nn.Tanh()]
            features = HIDDEN
        else:
            module, outputs = build_and_apply(self.first, inputs, groups=groups)
            layers = [module, nn.Flatten()]
            features = outputs[0].numel()
        layers.append(nn.Linear(features, self.outputs))
        if self.last is not None:
            by_name = {"sigmoid": nn.Sigmoid(), "log_softmax": nn.LogSoftmax(dim=1), "softmax": nn.Softmax(dim=1)}
            layers.append(by_name[self.last])
        return nn.Sequential(*layers)


@spec
class KitMatrix(ModelSpec):
    """A linear map to one number: its only parameter is a matrix."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """A `torch.nn.Linear` without bias."""
        from torch import nn

        return nn.Linear(inputs.shape[-1], 1, bias=False)


@spec
class KitSquaredError(LossSpec):
    """The mean squared error."""

    def build(self, data: Data) -> "nn.Module":
        """The criterion."""
        from torch import nn

        return nn.MSELoss()

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Reject outputs whose shape differs from that of the targets."""
        _check_shape(outputs, tuple(batch.target.shape))


@spec
class KitCrossEntropy(LossSpec):
    """The cross-entropy of one class among several, from raw scores."""

    encoding = ClassesOrDistribution()
    activation = "softmax"

    def build(self, data: Data) -> "nn.Module":
        """The criterion."""
        from torch import nn

        return nn.CrossEntropyLoss()

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Reject outputs that are not one score for each class."""
        _check_shape(outputs, (batch.rows, len(data.target.classes or ())))

    def truth(self, batch: Batch) -> "Tensor":
        """The class of each row, or the most probable one."""
        return batch.target.argmax(dim=1) if batch.target.is_floating_point() else batch.target


@spec
class KitBinaryCrossEntropy(LossSpec):
    """The binary cross-entropy of each target column, from raw scores."""

    encoding = Probabilities()
    activation = "sigmoid"

    def build(self, data: Data) -> "nn.Module":
        """The criterion."""
        from torch import nn

        return nn.BCEWithLogitsLoss()

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Reject outputs whose shape differs from that of the targets."""
        _check_shape(outputs, tuple(batch.target.shape))


@spec
class KitTripletLoss(LossSpec):
    """A triplet loss with the distance under test."""

    inputs = ("anchor", "positive", "negative")
    encoding = None

    distance_function: DistanceSpec
    """The distance of two outputs."""

    def build(self, data: Data) -> "nn.Module":
        """The criterion."""
        from torch import nn

        return nn.TripletMarginWithDistanceLoss(distance_function=self.distance_function.build())


@spec
class KitGradientDescent(OptimizerSpec):
    """Stochastic gradient descent."""

    lr: float = option(default=0.01, minimum=0)
    """The learning rate."""

    def build(self, parameters: "Iterable[Any]") -> "optim.Optimizer":
        """A `torch.optim.SGD`."""
        from torch import optim

        return optim.SGD(parameters, lr=self.lr)


def _check_shape(outputs: Outputs, wanted: tuple[int, ...]) -> None:
    """Raise a `ValueError` if there are several outputs, or if they have another shape."""
    shape = None if isinstance(outputs, dict) else tuple(getattr(outputs, "shape", ()))
    if shape != wanted:
        raise ValueError(f"The model must return one output of shape {wanted}.")
