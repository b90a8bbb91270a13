"""One loss of the objective: which output of the model it is given, and which target."""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.data.batches import Batch, Data, Outputs
from hookline.errors.exceptions import MisfitError, PluginError
from hookline.errors.option_errors import FaultError, OptionError
from hookline.errors.text import did_you_mean, enumerate_names
from hookline.spec.families.loss import LossSpec

if TYPE_CHECKING:
    from torch import Tensor, nn


@frozen
class NamedLoss:
    """A loss with its name in `[losses]`; that of `[loss]` has none."""

    name: str | None
    loss: LossSpec

    @property
    def path(self) -> tuple[str, ...]:
        """Where it stands in the spec."""
        return ("loss",) if self.name is None else ("losses", self.name)

    @property
    def takes_all_targets(self) -> bool:
        """Whether it is given all targets of a batch, and not one by its name."""
        return self.name is None and self.loss.target is None

    @property
    def is_plain(self) -> bool:
        """Whether it is the whole objective, without a target, output or factor of its own."""
        return self.takes_all_targets and self.loss.output is None and self.loss.factor == 1.0

    def conflicts(self) -> Iterator[OptionError]:
        """What does not fit in `target` and `output`, each error with its path in the spec."""
        section, *inside = self.path
        if self.loss.encoding is None and self.loss.target is not None:
            message = f"{type(self.loss).__name__} takes no target: leave it out."
            yield OptionError(section, message, *inside, "target")
        try:
            self.outputs()
        except OptionError as error:
            yield error.within(*self.path)

    def outputs(self) -> Mapping[str, str]:
        """The output of the model for each argument of the criterion.

        Raises:
            OptionError: if `output` does not fit these arguments.

        """
        loss, arguments, kind = self.loss, self.loss.inputs, type(self.loss).__name__
        if len(arguments) == 1:
            if isinstance(loss.output, Mapping):
                raise OptionError("output", f"{kind} takes one output: its name alone says which.")
            return {arguments[0]: loss.output or self.name or arguments[0]}
        if isinstance(loss.output, str):
            example = ", ".join(f'{argument} = "…"' for argument in arguments)
            raise OptionError("output", f"{kind} takes several outputs: a table says which, {{ {example} }}.")
        given = loss.output or {}
        if unknown := sorted(set(given) - set(arguments)):
            message = f"{kind} takes {enumerate_names(arguments)}, and not {enumerate_names(unknown)}."
            raise OptionError("output", message, unknown[0])
        return {argument: given.get(argument, argument) for argument in arguments}

    def place_of(self, argument: str) -> tuple[str, ...]:
        """The path of the output for an argument in the options of the loss; an empty one if it is left out."""
        output = self.loss.output
        if output is None:
            return ()
        return ("output", argument) if isinstance(output, Mapping) and argument in output else ("output",)

    def taken(self, outputs: Outputs) -> Outputs:
        """Of several outputs the one that the loss takes, or several by the loss's names; otherwise the only one."""
        output, several = self.loss.output, len(self.loss.inputs) > 1
        if not isinstance(outputs, Mapping) or (self.name is None and output is None):
            return outputs
        if output is None and not several:
            return outputs.get(str(self.name), {})  # The usual case, without a dictionary for each batch.
        taken = {argument: outputs[name] for argument, name in self.outputs().items() if name in outputs}
        return taken if several else next(iter(taken.values()), {})

    def target(self, targets: Collection[str]) -> str | None:
        """The name of the target that the loss is given; `None` if it takes none.

        Raises:
            ValueError: if there is no such target.

        """
        if self.loss.encoding is None:
            return None
        wanted = self.loss.target or self.name
        if wanted in targets:
            return wanted
        if self.loss.target is None and len(targets) == 1:
            return next(iter(targets))
        whose = "" if self.name is None else f" for the loss {self.name}"
        raise ValueError(f'There is no target "{wanted}"{whose}.{did_you_mean(str(wanted), targets)}')

    def given(self, criterion: Any, outputs: Outputs, batch: Batch) -> "tuple[nn.Module, Outputs, Batch]":
        """The criterion of the loss, its outputs, and the batch with its target only, from those of the objective."""
        targets: Mapping[str, Tensor] = batch.targets
        if targets and not self.takes_all_targets:
            target = self.target(targets)
            targets = {} if target is None else {target: targets[target]}
        its_criterion = criterion if self.name is None or criterion is None else criterion.losses[self.name]
        return its_criterion, self.taken(outputs), Batch(batch.inputs, targets, batch.lengths)

    def data(self, data: Data) -> Data:
        """What is known of the data, with the target of the loss only."""
        if self.takes_all_targets:
            return data
        target = self.target(data.targets)
        return evolve(data, targets={} if target is None else {target: data.targets[target]})

    def fault(self, error: PluginError) -> FaultError:
        """A fault in the code of the loss, at its place."""
        section, *inside = self.path
        return FaultError(section, str(error), *inside)

    def located(self, error: MisfitError) -> MisfitError:
        """The error of the loss, which gives paths in `[loss]`, at its own place."""
        return MisfitError(error.message, (*self.path, *error.path[1:])) if self.name is not None else error
