"""The family of optimizers: how one is built over the parameters of a model, in the groups that a spec names."""

from typing import TYPE_CHECKING, Any, ClassVar

from attrs import evolve

from hookline.errors.exceptions import MisfitError
from hookline.errors.option_errors import OptionError
from hookline.spec.options import Spec, option, spec
from hookline.spec.parameters import NamedParameter, ParameterGroup, divided, group_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from attrs import Attribute
    from torch import optim


def _check_groups(optimizer: Any, attribute: "Attribute[Any]", groups: "tuple[ParameterGroup, ...]") -> None:
    """Raise an `OptionError` for a group whose options do not go together with those of the optimizer."""
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
    """An optimizer: builds it over the parameters that it is to train."""

    family = "optimizer"

    groups: tuple[ParameterGroup, ...] = option(default=(), validator=_check_groups)
    """Parameters with options of their own: the first group that selects a parameter has it; all others are left with
    the options of the optimizer itself."""

    needs_closure: ClassVar[bool] = False
    """Whether `step` must be given a closure that evaluates the loss again, as for LBFGS or SAM.

    Set it also if the signature is torch's usual one, `step(closure=None)`. When `step` begins, the gradients of the
    batch are on the parameters. A call of the closure returns the loss, detached, and leaves its gradients on the
    parameters, instead of those that were there. The first call does not compute again what is already there, unless
    `step` has cleared the gradients or changed a parameter or gradient in place before. A change through
    `parameter.data` cannot be seen: change parameters under `torch.no_grad()`. Callbacks that only see the first
    gradients of a step, such as clipping, refuse these optimizers."""

    reads_lr_once: ClassVar[bool] = False
    """Whether its learning rate is that of the first step, and makes no difference later, as Rprop's."""

    not_in_groups: ClassVar[tuple[str, ...]] = ("groups",)
    """The options that a group cannot have of its own."""

    @property
    def members(self) -> "tuple[OptimizerSpec, ...]":
        """The optimizers that make a step: it alone, unless it holds others."""
        return (self,)

    @property
    def reading_lr_once(self) -> tuple[str, ...]:
        """Those of its members whose learning rate makes no difference after the first step, by name."""
        return tuple(type(member).__name__ for member in self.members if member.reads_lr_once)

    def refuse_changed_lr(self, option: str, remedy: str) -> None:
        """Raise an `OptionError` if a learning rate that changes during training has no effect on any of its parts.

        For the `check` of whatever changes them: `option` is the one by which it does, and `remedy` says what to do
        instead of that.
        """
        once = self.reading_lr_once
        if len(once) == len(self.members):
            message = f"{once[0]} reads its learning rate in the first step only, and this makes no difference"
            remedy = f"{remedy}, or choose another optimizer."
            raise OptionError(option, f"{message}: {remedy}", against=[("optimizer", "type")])

    def doubt_changed_lr(self, option: str) -> "Iterator[OptionError]":
        """The same as a doubt, for `doubts`, if that is true of some of its parts and not of others."""
        if once := self.reading_lr_once:
            message = (
                f"{once[0]} reads its learning rate in the first step only: this changes only those of the other parts."
            )
            yield OptionError(option, message)

    @classmethod
    def option_type(cls, option: "Attribute[Any]") -> Any:
        """A group has the options of this very optimizer."""
        return tuple[cls.group_type(), ...] if option.name == "groups" else option.type  # type: ignore[misc]

    @classmethod
    def group_type(cls) -> type[ParameterGroup]:
        """The class of the groups of this optimizer."""
        kind: Any = cls
        return group_type(kind, cls.not_in_groups)

    @classmethod
    def group(cls, **options: Any) -> ParameterGroup:
        """A group of this optimizer: what it selects, and the options that it has of its own."""
        return cls.group_type()(**options)

    def of_group(self, group: ParameterGroup) -> "OptimizerSpec":
        """The optimizer as it is for a group: with the options that this has of its own."""
        whole: Any = self
        changed: OptimizerSpec = evolve(whole, groups=(), **group.options())
        return changed

    def check(self, parameters: "Sequence[NamedParameter]") -> None:
        """Raise a `MisfitError` if it cannot train these parameters; its path begins inside of the optimizer."""

    def build(self, parameters: "Iterable[Any]") -> "optim.Optimizer":
        """The optimizer over these parameters, given as to every optimizer of torch.

        They are `nn.Parameter`s, or, if there are groups, dictionaries with the "params" and options of each.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")

    def build_for(self, parameters: "Sequence[NamedParameter]") -> "optim.Optimizer":
        """The optimizer over these parameters, in the groups that the spec names; those of no group come last.

        Raises:
            MisfitError: if it cannot train them, or if a group selects nothing.

        """
        if not self.groups:
            self.check(parameters)
            return self.build([parameter.tensor for parameter in parameters])
        try:
            *chosen, others = divided(parameters, self.groups)
            for index, (group, members) in enumerate(zip(self.groups, chosen, strict=True)):
                try:
                    self.of_group(group).check(members)
                except MisfitError as error:
                    raise error.within(index) from None
        except MisfitError as error:
            raise error.within("groups") from None
        self.check(others)
        groups: list[dict[str, Any]] = [
            {"params": [parameter.tensor for parameter in members], "name": str(group), **group.options()}
            for group, members in zip(self.groups, chosen, strict=True)
        ]
        if others:
            groups.append({"params": [parameter.tensor for parameter in others], "name": "others"})
        return self.build(groups)
