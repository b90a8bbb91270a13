"""What all optimizers of torch have in common: it is torch's class of the same name, with the same options."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from attrs import asdict, evolve

from hookline.errors import MisfitError, OptionError
from hookline.spec import NamedParameter, OptimizerSpec, spec

if TYPE_CHECKING:
    from torch import optim


@spec
class TorchOptimizer(OptimizerSpec):
    """An optimizer of `torch.optim`. A class below it declares torch's options and is complete."""

    not_in_groups = (*OptimizerSpec.not_in_groups, "foreach", "fused", "capturable")

    takes_sparse_gradients: ClassVar[bool] = False
    """Whether parameters may have sparse gradients, as those of an embedding with `sparse = true`."""

    def check(self, parameters: Sequence[NamedParameter]) -> None:
        """Refuse sparse gradients, which most optimizers cannot take."""
        sparse = _sparse(parameters)
        if sparse is not None and not self.takes_sparse_gradients:
            raise MisfitError(
                f"{type(self).__name__} cannot train {sparse.name}, whose gradient is sparse: leave out the layer's "
                f"`sparse`, or give the layer to SparseAdam, in a Partition."
            )
        on_cpu = next((parameter for parameter in parameters if parameter.tensor.device.type == "cpu"), None)
        if on_cpu is not None and getattr(self, "capturable", False):
            raise MisfitError(f"CUDA graphs capture nothing of {on_cpu.name}, which is on the CPU.", ("capturable",))

    def build(self, parameters: Iterable[Any]) -> "optim.Optimizer":
        """`torch.optim.<the name of this class>` with these options."""
        import torch

        optimizer: optim.Optimizer = getattr(torch.optim, type(self).__name__)(parameters, **self.arguments())
        return optimizer

    def arguments(self) -> dict[str, Any]:
        """The options as torch's class takes them."""
        arguments = asdict(self, recurse=False)
        del arguments["groups"]
        return arguments


@spec
class FirstOrder(TorchOptimizer):
    """The options that torch's optimizers by gradients have in common.

    torch's `differentiable` is not among them: it is for training through the steps of another training, and the
    parameters of a model cannot be changed in place by such a step.
    """

    maximize: bool = False
    """Whether the loss is made great instead of small."""
    foreach: bool | None = None
    """Whether all parameters are updated together; left out, torch decides by the device."""


@spec
class Fusible(FirstOrder):
    """The option of those that torch can also do in one kernel, which on the CPU is the fastest way."""

    fused: bool | None = None
    """Whether one kernel does it all; left out, it does so on the CPU, unless `foreach` or `capturable` is given or a
    gradient is sparse, and torch decides elsewhere."""

    def __attrs_post_init__(self) -> None:
        if self.fused and self.foreach:
            raise OptionError("fused", "An update is either `fused` or `foreach`, not both.")

    def check(self, parameters: Sequence[NamedParameter]) -> None:
        """As for all; and one kernel does not take sparse gradients."""
        FirstOrder.check(self, parameters)
        sparse = _sparse(parameters)
        for option in ("fused", "weight_decay"):
            if sparse is not None and getattr(self, option):
                name = type(self).__name__
                raise MisfitError(
                    f"The gradient of {sparse.name} is sparse, which {name} cannot take with `{option}`.", (option,)
                )

    def build_for(self, parameters: Sequence[NamedParameter]) -> "optim.Optimizer":
        """In one kernel, where nothing else is asked for and it can be."""
        nothing_else = self.fused is None and self.foreach is None and not getattr(self, "capturable", False)
        is_fused = nothing_else and all(map(_fits_one_kernel, parameters))
        return FirstOrder.build_for(evolve(cast("Any", self), fused=True) if is_fused else self, parameters)


def _sparse(parameters: Sequence[NamedParameter]) -> NamedParameter | None:
    """The first parameter whose gradient is sparse."""
    return next((parameter for parameter in parameters if parameter.has_sparse_gradient), None)


def _fits_one_kernel(parameter: NamedParameter) -> bool:
    tensor = parameter.tensor
    return tensor.device.type == "cpu" and tensor.is_floating_point() and not parameter.has_sparse_gradient
