"""The families of components that a spec names, each a base class.

A component is an attrs class below one of the family classes. Its name is the `type` that a spec file gives, its
fields are the options, and it is found when a plugin returns it from `register_specs`. Nothing here imports torch:
a component imports it where it builds something.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from hookline.options import Spec, option, spec
from hookline.parameters import ParameterSelection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn, optim

    from hookline.data import Data
    from hookline.run import Run
    from hookline.trial import Trial

LossTargets = Literal["classes", "probabilities", "signs", "values"]
Activation = Literal["identity", "sigmoid", "softmax", "exp"]


class ModelSpec(Spec):
    """A model, or one layer of it: builds an `nn.Module` that fits its inputs."""

    __slots__ = ()
    family = "model"

    def build(self, *inputs: Any) -> "nn.Module":
        """The module, with newly initialised parameters on the device of the inputs.

        `inputs` are what the module will be applied to: a batch of the right shape and type, with one row. Sizes that
        the spec leaves out follow from them. A component says by the arguments of its own how many it takes: most take
        one, `build(self, inputs)`.

        The module gives a tensor, or several by name as a mapping. One that looks at the lengths of padded sequences
        has the attribute `takes_lengths = True` and is called with `lengths=`: see `apply_module`.
        """
        raise NotImplementedError


class LayerSpec(ModelSpec):
    """One layer of a model. Every layer can be a model by itself."""

    __slots__ = ()
    family = "layer"


@spec
class InitializationSpec(ParameterSelection):
    """How the parameters that it selects are initialised, instead of as their layer does it."""

    family = "initialization"

    def initialize(self, tensor: "Tensor") -> None:
        """Write over a parameter."""
        raise NotImplementedError


class LossSpec(Spec):
    """A loss: builds the criterion and says what it takes its inputs and targets to be."""

    __slots__ = ()
    family = "loss"

    targets: ClassVar[LossTargets] = "values"
    """What a target is: the index of a class (int64, shape `(N,)`), the probability of each output (float, shape
    `(N, outputs)`), -1 or 1 for each output, or any number for each output (the same type and shape)."""

    @property
    def activation(self) -> Activation:
        """What turns the model's output into a prediction: a probability, or the number itself."""
        return "identity"

    def build(self, data: "Data") -> "nn.Module":
        """The criterion: called with the model's outputs and the targets, it returns a scalar tensor."""
        raise NotImplementedError

    def predictions(self, outputs: "Tensor") -> "Tensor":
        """What the model's outputs predict: probabilities where the loss knows them, in the shape of `outputs`."""
        if self.activation == "sigmoid":
            return outputs.sigmoid()
        if self.activation == "softmax":
            return outputs.softmax(dim=1)
        if self.activation == "exp":
            return outputs.exp()
        return outputs

    def check(self, outputs: "Tensor", targets: "Tensor", data: "Data") -> None:
        """Raise a `ValueError` if outputs and targets of these shapes and types cannot be compared.

        Asked once before training, so that a mistake that torch would broadcast away, or report as an index out of
        bounds in the middle of an epoch, is told in a sentence.
        """

    def divisor(self, criterion: "nn.Module", targets: "Tensor") -> "Tensor | float | None":
        """What the loss of a batch was divided by, or `None` if it is a sum: losses of batches are averaged by it."""
        return targets.shape[0]


class OptimizerSpec(Spec):
    """An optimizer: builds it over the parameters that it is to train."""

    __slots__ = ()
    family = "optimizer"

    needs_closure: ClassVar[bool] = False
    """Whether a step evaluates the loss again and again, as LBFGS does."""

    def build(self, parameters: "Iterable[nn.Parameter]") -> "optim.Optimizer":
        """The optimizer over these parameters."""
        raise NotImplementedError


@spec
class DataSpec(Spec):
    """A source of data: reads it and splits it into batches for training, validation and test."""

    family = "data"

    batch_size: int = option(default=32, minimum=1)
    """How many rows are in a batch."""
    shuffle: bool = True
    """Whether the rows for training are put into a new order for each epoch, which follows from seed and epoch."""
    drop_last: bool = False
    """Whether the last batch of an epoch of training is left out if it is smaller than the others. (BatchNorm cannot be
    trained with a batch of one row.)"""

    def prepare(self, run: "Run") -> "Data":
        """Read the data; `run` tells the seed, the device, and what the loss wants as targets."""
        raise NotImplementedError


@spec
class MetricSpec(Spec):
    """A number that judges predictions."""

    family = "metric"

    name: str | None = None
    """What the metric is called in the results; left out, it is called as its type."""

    higher_is_better: ClassVar[bool] = True
    """Whether a greater number is the better one, as early stopping needs to know."""

    @property
    def label(self) -> str:
        """The name that stands in the results."""
        return self.name or type(self).__name__

    def check(self, loss: LossSpec) -> None:
        """Raise a `ValueError` if the metric cannot judge what is trained with this loss."""

    def build(self, loss: LossSpec, predictions: "Tensor") -> Any:
        """A metric of torchmetrics, or an object with the same `update`, `compute` and `to`.

        `predictions` are those of the first batch, from which the number of classes follows.
        """
        raise NotImplementedError

    def prepare(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, Tensor]":
        """The predictions of a batch and its targets as `update` takes them."""
        return predictions, targets


class CallbackSpec(Spec):
    """A callback: an object with wrappers around stages."""

    __slots__ = ()
    family = "callback"

    def build(self) -> object:
        """The object whose hook implementations are used in one run. One without state is the spec itself."""
        return self


class DeploySpec(Spec):
    """A form in which the trained model is handed on."""

    __slots__ = ()
    family = "deployment target"

    def deploy(self, run: "Run", trial: "Trial") -> "Iterable[Path]":
        """Write the model and return the paths of what was written."""
        raise NotImplementedError
