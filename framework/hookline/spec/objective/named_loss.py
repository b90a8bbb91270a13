"""One loss of the objective, with its output of the model and its target."""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.data.batches import Batch, Outputs
from hookline.data.data import Data
from hookline.data.targets.encoding import Target
from hookline.errors.exceptions import MismatchError, PluginError
from hookline.errors.option_errors import FaultError, OptionError
from hookline.errors.suggestions import did_you_mean
from hookline.errors.text import enumerate_names
from hookline.spec.families.loss.loss import LossSpec

if TYPE_CHECKING:
    from torch import Tensor, nn

EXAMPLE = Target(columns=("target",), classes=(0, 1))
"""A target, to find out before the data is read whether a loss says how many outputs it takes."""


@frozen
class NamedLoss:
    """A loss with its name in `[losses]`; the loss of `[loss]` has no name."""

    name: str | None
    loss: LossSpec

    @property
    def path(self) -> tuple[str, ...]:
        """Its path in the spec."""
        return ("loss",) if self.name is None else ("losses", self.name)

    @property
    def takes_all_targets(self) -> bool:
        """Whether it takes all targets of a batch, and not one by name."""
        return self.name is None and self.loss.target is None

    @property
    def is_plain(self) -> bool:
        """Whether it is the whole objective, without a target, output or factor of its own."""
        return self.takes_all_targets and self.loss.output is None and self.loss.factor == 1.0

    def conflicts(self) -> Iterator[OptionError]:
        """Yield the errors in `target` and `output`, each with its path in the spec."""
        section, *inside = self.path
        if self.loss.encoding is None and self.loss.target is not None:
            message = f"{type(self.loss).__name__} takes no target: remove this option."
            yield OptionError(section, message, *inside, "target")
        try:
            self.outputs()
        except OptionError as error:
            yield error.within(*self.path)

    def outputs(self) -> Mapping[str, str]:
        """Return the output of the model for each argument of the criterion.

        Raises:
            OptionError: If `output` does not fit these arguments.

        """
        loss, arguments, kind = self.loss, self.loss.inputs, type(self.loss).__name__
        if len(arguments) == 1:
            if isinstance(loss.output, Mapping):
                raise OptionError("output", f"{kind} takes one output: use its name instead of a table.")
            return {arguments[0]: loss.output or self.name or arguments[0]}
        if isinstance(loss.output, str):
            example = ", ".join(f'{argument} = "…"' for argument in arguments)
            raise OptionError("output", f"{kind} takes several outputs: use a table, {{ {example} }}.")
        given = loss.output or {}
        if unknown := sorted(set(given) - set(arguments)):
            message = f"{kind} takes {enumerate_names(arguments)}, not {enumerate_names(unknown)}."
            raise OptionError("output", message, unknown[0])
        return {argument: given.get(argument, argument) for argument in arguments}

    def place_of(self, argument: str) -> tuple[str, ...]:
        """Return the path in the options of the loss that sets the output for an argument; empty if none does."""
        output = self.loss.output
        if output is None:
            return ()
        return ("output", argument) if isinstance(output, Mapping) and argument in output else ("output",)

    def taken(self, outputs: Outputs) -> Outputs:
        """Select the output of the loss, or a mapping of several by its argument names; a single output is returned."""
        output, several = self.loss.output, len(self.loss.inputs) > 1
        if not isinstance(outputs, Mapping) or (self.name is None and output is None):
            return outputs
        if output is None and not several:
            return outputs.get(str(self.name), {})  # The usual case, without a new dictionary for each batch.
        taken = {argument: outputs[name] for argument, name in self.outputs().items() if name in outputs}
        return taken if several else next(iter(taken.values()), {})

    def target(self, targets: Collection[str]) -> str | None:
        """Return the name of the target of the loss; `None` if it takes no target.

        Raises:
            MismatchError: If there is no target with the name in the option `target` of the loss.
            ValueError: If there is no target with the name of the loss.

        """
        if self.loss.encoding is None:
            return None
        wanted = self.loss.target or self.name
        if wanted in targets:
            return wanted
        if self.loss.target is None and len(targets) == 1:
            return next(iter(targets))
        whose = "" if self.name is None else f" for the loss {self.name}"
        message = f'There is no target "{wanted}"{whose}.{did_you_mean(str(wanted), targets)}'
        if self.loss.target is None:
            raise ValueError(message)
        raise MismatchError(message, (*self.path, "target"), against=[("data", "targets")], id="unfit-targets")

    def main_target(self, targets: Collection[str]) -> str | None:
        """Return the name of the target that its predictions estimate; `None` if it takes no target."""
        return self.loss.main_target(targets) if self.takes_all_targets else self.target(targets)

    def given(self, criterion: Any, outputs: Outputs, batch: Batch) -> "tuple[nn.Module, Outputs, Batch]":
        """Return the loss's part of the arguments: its criterion, its outputs, and the batch with only its target."""
        targets: Mapping[str, Tensor] = batch.targets
        if targets and not self.takes_all_targets:
            target = self.target(targets)
            targets = {} if target is None else {target: targets[target]}
        its_criterion = criterion if self.name is None or criterion is None else criterion.losses[self.name]
        return its_criterion, self.taken(outputs), Batch(batch.inputs, targets, batch.lengths, batch.weights)

    def data(self, data: Data) -> Data:
        """Return the data with only the target of the loss."""
        if self.takes_all_targets:
            return data
        target = self.target(data.targets)
        return evolve(data, targets={} if target is None else {target: data.targets[target]})

    def output_size(self, targets: Mapping[str, Target] | None) -> int | None:
        """Return how many numbers it takes of each of its outputs; `None` if any number, or if that is unknown."""
        if targets is None:
            return self.loss.output_size(EXAMPLE)
        try:
            target = self.main_target(targets)
        except ValueError:  # The data source has other targets, which is reported elsewhere.
            return None
        return None if target is None else self.loss.output_size(targets[target])

    def fault(self, error: PluginError) -> FaultError:
        """Return an error in the code of the loss with its path."""
        section, *inside = self.path
        return FaultError(section, str(error), *inside)

    def located(self, error: MismatchError) -> MismatchError:
        """Return an error of the loss, whose path begins with `loss`, with the path of this loss."""
        if self.name is None:
            return error
        place = (*self.path, *error.path[1:])
        return MismatchError(error.message, place, against=error.against, id=error.diagnostic.id)
