"""The base classes of torch's optimizers: each builds torch's class of the same name, with the same options."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from attrs import asdict, evolve

from hookline.errors import MismatchError, OptionError
from hookline.script import Code, constructor
from hookline.spec import NamedParameter, OptimizerSpec, spec
from hookline_optimizers.group_lines import group_lines

if TYPE_CHECKING:
    from torch import optim

    from hookline.script import Script


@spec
class TorchOptimizer(OptimizerSpec):
    """An optimizer of `torch.optim`. A subclass only declares torch's options."""

    not_in_groups = (*OptimizerSpec.not_in_groups, "foreach", "fused", "capturable")

    takes_sparse_gradients: ClassVar[bool] = False
    """Whether parameters may have sparse gradients, such as those of an embedding with `sparse = true`."""

    def check(self, parameters: Sequence[NamedParameter]) -> None:
        """Refuse sparse gradients, which most optimizers do not support."""
        sparse = _sparse(parameters)
        if sparse is not None and not self.takes_sparse_gradients:
            raise MismatchError(
                f"{type(self).__name__} cannot train {sparse.name}, whose gradient is sparse: remove the layer's "
                f"`sparse`, or train the layer with SparseAdam, in a Partition."
            )
        on_cpu = next((parameter for parameter in parameters if parameter.tensor.device.type == "cpu"), None)
        if on_cpu is not None and getattr(self, "capturable", False):
            raise MismatchError(f"{on_cpu.name} is on the CPU, so no CUDA graph can capture its step.", ("capturable",))

    def build(self, parameters: Iterable[Any]) -> "optim.Optimizer":
        """Return `torch.optim.<the name of this class>` with these options."""
        import torch

        optimizer: optim.Optimizer = getattr(torch.optim, type(self).__name__)(parameters, **self.arguments())
        return optimizer

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of torch's class."""
        arguments = asdict(self, recurse=False)
        del arguments["groups"]
        return arguments

    def eject(self, script: "Script", parameters: Sequence[NamedParameter], optimizer: "optim.Optimizer") -> str:
        """Return `torch.optim.<the name of this class>(…)` with the options that differ from torch's defaults."""
        import torch

        script.use("import torch")
        kind = getattr(torch.optim, type(self).__name__)
        options = self.arguments()
        if "fused" in options:
            options["fused"] = True if optimizer.defaults["fused"] else self.fused  # type: ignore[attr-defined]
        known = {id(one.tensor): one.name for one in parameters}
        names = [one.name for one in script.trained]
        if self.groups:
            params = group_lines(script, self.groups, optimizer, known)
        else:
            params = script.parameters([known[id(one)] for one in optimizer.param_groups[0]["params"]], names)
        return constructor(f"torch.optim.{kind.__name__}", kind, {"params": Code(params), **options})


@spec
class FirstOrder(TorchOptimizer):
    """The options that torch's gradient-based optimizers share.

    torch's `differentiable` is not supported: it differentiates through steps of another training, and a model's
    parameters cannot be changed in place by such steps.
    """

    maximize: bool = False
    """Maximize the loss instead of minimizing it."""
    foreach: bool | None = None
    """Update all parameters together. Default: torch decides by device."""


@spec
class Fusible(FirstOrder):
    """The option of optimizers with a fused kernel, which is the fastest implementation on a CPU."""

    fused: bool | None = None
    """Use the fused kernel. Default: true on the CPU, unless `foreach` or `capturable` is set or a gradient is sparse;
    elsewhere torch decides."""

    def __attrs_post_init__(self) -> None:
        if self.fused and self.foreach:
            raise OptionError("fused", "Set either `fused` or `foreach`, not both.")

    def check(self, parameters: Sequence[NamedParameter]) -> None:
        """Refuse sparse gradients, also with `fused`."""
        FirstOrder.check(self, parameters)
        sparse = _sparse(parameters)
        for option in ("fused", "weight_decay"):
            if sparse is not None and getattr(self, option):
                name = type(self).__name__
                raise MismatchError(
                    f"The gradient of {sparse.name} is sparse, which {name} does not support with `{option}`.",
                    (option,),
                )

    def build_for(self, parameters: Sequence[NamedParameter]) -> "optim.Optimizer":
        """Build the optimizer, with the fused kernel if possible and if no option excludes it."""
        nothing_else = self.fused is None and self.foreach is None and not getattr(self, "capturable", False)
        is_fused = nothing_else and all(map(_fits_one_kernel, parameters))
        return FirstOrder.build_for(evolve(cast("Any", self), fused=True) if is_fused else self, parameters)

    eject = FirstOrder.eject


def _sparse(parameters: Sequence[NamedParameter]) -> NamedParameter | None:
    """Return the first parameter with a sparse gradient."""
    return next((parameter for parameter in parameters if parameter.has_sparse_gradient), None)


def _fits_one_kernel(parameter: NamedParameter) -> bool:
    tensor = parameter.tensor
    return tensor.device.type == "cpu" and tensor.is_floating_point() and not parameter.has_sparse_gradient
