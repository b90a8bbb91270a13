"""The family of optimizers: how an optimizer is built over the parameters of a model, in the groups of a spec."""

from typing import TYPE_CHECKING, Any, ClassVar

from attrs import evolve

from hookline.errors.exceptions import MismatchError
from hookline.errors.option_errors import OptionError
from hookline.script.written import without_lines
from hookline.spec.options import Spec, option, spec
from hookline.spec.parameters import NamedParameter, ParameterGroup, divided, group_type
from hookline.spec.stacked_update import StackedUpdate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from attrs import Attribute
    from torch import optim

    from hookline.script.script import Script


def _check_groups(optimizer: Any, attribute: "Attribute[Any]", groups: "tuple[ParameterGroup, ...]") -> None:
    """Raise an `OptionError` for a group whose options conflict with those of the optimizer."""
    if isinstance(optimizer, type):
        return  # The options are still being read, one by one.
    for index, group in enumerate(groups):
        try:
            optimizer.of_group(group)
        except OptionError as error:
            raise error.within("groups", index) from None
        except ValueError as error:
            raise OptionError("groups", str(error), index) from None


@spec
class OptimizerSpec(Spec):
    """An optimizer, built over the parameters to train."""

    family = "optimizer"
    behavior = ("build", "build_for")

    groups: tuple[ParameterGroup, ...] = option(default=(), validator=_check_groups)
    """Parameters with their own options. A parameter belongs to the first group that selects it; all other parameters
    have the options of the optimizer itself."""

    needs_closure: ClassVar[bool] = False
    """Whether `step` needs a closure that evaluates the loss again, as for LBFGS or SAM.

    Set this even if the signature is torch's usual one, `step(closure=None)`. When `step` begins, the parameters have
    the gradients of the batch. A call of the closure returns the detached loss and replaces the gradients of the
    parameters. The first call reuses the existing loss and gradients, unless `step` has cleared the gradients, or has
    changed a parameter or gradient in place. Changes through `parameter.data` are not detected: change parameters under
    `torch.no_grad()`. Callbacks that only see the first gradients of a step, such as clipping, refuse these
    optimizers."""

    reads_lr_once: ClassVar[bool] = False
    """Whether the learning rate has an effect in the first step only, as for Rprop."""

    for_full_batches: ClassVar[bool] = False
    """Whether it is meant for batches of all training rows, as LBFGS: a larger `batch_size` then causes no warning."""

    not_in_groups: ClassVar[tuple[str, ...]] = ("groups",)
    """The options that a group cannot override."""

    @property
    def members(self) -> "tuple[OptimizerSpec, ...]":
        """The optimizers that make a step: this one, unless it contains others."""
        return (self,)

    @property
    def reading_lr_once(self) -> tuple[str, ...]:
        """The names of the members whose learning rate has no effect after the first step."""
        return tuple(type(member).__name__ for member in self.members if member.reads_lr_once)

    def refuse_changed_lr(self, option: str, remedy: str) -> None:
        """Raise an `OptionError` if changing the learning rate during training has no effect on any of its members.

        Call this in the `check` of a component that changes learning rates: `option` is the option that makes it do so,
        and `remedy` says how to do without.
        """
        once = self.reading_lr_once
        if len(once) == len(self.members):
            message = f"{once[0]} reads its learning rate in the first step only, so this has no effect"
            remedy = f"{remedy}, or choose another optimizer."
            raise OptionError(option, f"{message}: {remedy}", against=[("optimizer", "type")])

    def doubt_changed_lr(self, option: str) -> "Iterator[OptionError]":
        """Yield a warning, for `doubts`, if changing the learning rate has no effect on some of its members."""
        if once := self.reading_lr_once:
            message = (
                f"{once[0]} reads its learning rate in the first step only: this has an effect on the other parts only."
            )
            yield OptionError(option, message)

    @classmethod
    def option_type(cls, option: "Attribute[Any]") -> Any:
        """Return the type of an option: groups have the options of this optimizer class."""
        return tuple[cls.group_type(), ...] if option.name == "groups" else option.type  # type: ignore[misc]

    @classmethod
    def group_type(cls) -> type[ParameterGroup]:
        """Return the class of the groups of this optimizer."""
        kind: Any = cls
        return group_type(kind, cls.not_in_groups)

    @classmethod
    def group(cls, **options: Any) -> ParameterGroup:
        """Return a group of this optimizer: its selection, and the options that it overrides."""
        return cls.group_type()(**options)

    def of_group(self, group: ParameterGroup) -> "OptimizerSpec":
        """Return the optimizer with the options of a group."""
        whole: Any = self
        changed: OptimizerSpec = evolve(whole, groups=(), **group.options())
        return changed

    def check(self, parameters: "Sequence[NamedParameter]") -> None:
        """Raise a `MismatchError` if it cannot train these parameters; its path is relative to the optimizer."""

    def build(self, parameters: "Iterable[Any]") -> "optim.Optimizer":
        """Return the optimizer over these parameters, which have the form that torch's optimizers take.

        They are `nn.Parameter`s or, if there are groups, dictionaries with "params" and the options of each group.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")

    def stacked_update(self) -> StackedUpdate | None:
        """Return how it updates the models of a stack of trials at once: see `vectorize` of a tuner.

        The default, `None`, makes the step of each model with its own optimizer, which takes longer.
        """
        return None

    @without_lines
    def eject(self, script: "Script", parameters: "Sequence[NamedParameter]", optimizer: "optim.Optimizer") -> str:
        """Return an expression that builds the optimizer, for `hookline eject`.

        Args:
            script: `script.parameters(…)` and `script.groups(…)` write parameters as torch's optimizers take them.
            parameters: all parameters to train.
            optimizer: the optimizer that `build_for` returned.

        """
        raise NotImplementedError(f"{type(self).__name__} has no `eject`.")

    def build_for(self, parameters: "Sequence[NamedParameter]") -> "optim.Optimizer":
        """Return the optimizer over these parameters, in the groups of the spec; ungrouped parameters come last.

        Raises:
            MismatchError: If it cannot train them, or if a group selects nothing.

        """
        if not self.groups:
            self.check(parameters)
            return self.build([parameter.tensor for parameter in parameters])
        try:
            *chosen, others = divided(parameters, self.groups)
            for index, (group, members) in enumerate(zip(self.groups, chosen, strict=True)):
                try:
                    self.of_group(group).check(members)
                except MismatchError as error:
                    raise error.within(index) from None
        except MismatchError as error:
            raise error.within("groups") from None
        self.check(others)
        groups: list[dict[str, Any]] = [
            {"params": [parameter.tensor for parameter in members], "name": str(group), **group.options()}
            for group, members in zip(self.groups, chosen, strict=True)
        ]
        if others:
            groups.append({"params": [parameter.tensor for parameter in others], "name": "others"})
        return self.build(groups)
