"""Parameters that are not trained, or only from a later epoch on."""

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline import Run, hookimpl
from hookline.errors import MismatchError, OptionError, counted
from hookline.script import Script, indented
from hookline.spec import CallbackSpec, ParameterSelection, divided, named_parameters, option, spec

if TYPE_CHECKING:
    from torch import nn, optim


WITHOUT_FUSED_MOMENTUM = (
    "for group in optimizer.param_groups:  # The fused kernel of SGD needs the momentum of all parameters.",
    '    if group.get("fused") and group.get("momentum") and "dampening" in group:',
    '        group["fused"] = False',
)


@spec
class Freeze(CallbackSpec):
    """Freeze parameters for the whole run or until an epoch.

    A parameter is frozen if it matches all given options, as in parameter groups of an optimizer. A parameter that
    several Freeze callbacks select is trained once none of them holds it. BatchNorm's statistics are not parameters and
    are still updated.
    """

    freezes_parameters = True
    logs = ()
    writes_to = ()
    connects_to = ()
    unlimited = "Use `until` to set the epochs in which parameters are frozen."

    parameters: str | tuple[str, ...] | None = None
    """Names of parameters, or patterns such as `*.bias`. Default: all parameters."""
    layers: str | tuple[str, ...] | None = None
    """The layers of the parameters, by type or place, or patterns of either: `Conv2d`, `0`, `encoder.*`."""
    until: int | None = option(default=None, minimum=2)
    """The first epoch in which they are trained, counted from 1. By default they are never trained."""

    def holds(self, epoch: int) -> bool:
        """Whether the parameters are frozen in this epoch."""
        return self.until is None or epoch < self.until

    def doubts(self, run: Run) -> Iterator[OptionError]:
        """Warn if `until` is after the last epoch."""
        epochs = run.last_epoch
        if self.until is not None and self.until > epochs:
            message = f"Freeze never ends: the run has {counted(epochs, 'epoch')}, but `until` is {self.until}."
            yield OptionError("until", message)

    def eject(self, script: Script, run: Run) -> None:
        """Add the list of frozen parameters, and train them from an epoch on."""
        freezes = [one for one in run.spec.callbacks if isinstance(one, Freeze)]
        own = self._held(script)
        # A parameter that several of them select belongs to the one that holds it longest.
        longer = {name for one in freezes if one._outlasts(self, freezes) for name in one._held(script)}
        if not (names := [name for name in own if name not in longer]):
            return
        frozen = "frozen" if len(freezes) == 1 else f"frozen_{freezes.index(self) + 1}"
        loop = script.loop
        loop.before.append(f"{frozen} = {script.parameters(names, ())}")
        loop.before += [f"for parameter in {frozen}:", "    parameter.requires_grad_(False)"]
        if self.until is None:
            return
        if type(run.spec.optimizer).__name__ == "SGD" and WITHOUT_FUSED_MOMENTUM[0] not in loop.before:
            loop.before += WITHOUT_FUSED_MOMENTUM
        thawed = [f"for parameter in {frozen}:", "    parameter.requires_grad_(True)"]
        loop.epoch += [f"if epoch == {self.until}:", *indented(thawed)]

    def _held(self, script: Script) -> list[str]:
        """Return the names of the parameters that it selects."""
        selection = ParameterSelection(parameters=self.parameters, layers=self.layers)
        selected, _ = divided(script.trained, [selection])
        return [one.name for one in selected]

    def _outlasts(self, other: "Freeze", freezes: "Sequence[Freeze]") -> bool:
        """Return whether it holds parameters longer than another one, or as long and is listed before it."""
        own, until = (one.until or math.inf for one in (self, other))
        return own > until or (own == until and freezes.index(self) < freezes.index(other))

    def build(self) -> object:
        """Return the callback, which remembers what it has frozen."""
        return _Freeze(self)


class _Freeze:
    def __init__(self, spec: Freeze):
        self._spec = spec
        self._frozen: list[nn.Parameter] = []
        self._selected: list[tuple[Freeze, list[nn.Parameter]]] = []
        self._epoch = 1

    @hookimpl(wrapper=True)
    def select_optimizer(
        self, run: Run, model: "nn.Module", criterion: "nn.Module"
    ) -> "Generator[None, optim.Optimizer, optim.Optimizer]":
        """Refuse to freeze nothing or everything, before anything is written."""
        optimizer = yield
        # Parameters that do not require gradients are not frozen by this callback.
        self._frozen = [tensor for tensor in _selected(self._spec, run, model, criterion) if tensor.requires_grad]
        others = [one for one in run.spec.callbacks if isinstance(one, Freeze) and one is not self._spec]
        self._selected = [(one, _selected(one, run, model, criterion)) for one in (self._spec, *others)]
        return optimizer

    @hookimpl(wrapper=True)
    def fit(self, run: Run, optimizer: "optim.Optimizer") -> "Generator[None, nn.Module, nn.Module]":
        """Freeze the selected parameters before training, and unfreeze them at the end."""
        if self._spec.until is not None:
            _disable_fused_momentum(optimizer)
        self._begin_epoch(run.epoch + 1)
        try:
            trained = yield
        finally:
            self._set_trained(dict.fromkeys(self._frozen, True))
        if self._spec.until is not None and run.epoch < self._spec.until <= run.last_epoch:
            run.note(f"Freeze was to end in epoch {self._spec.until}, but the training ended earlier.")
        return trained

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Unfreeze parameters from the next epoch on, except those that another Freeze holds."""
        record = yield
        if not run.is_inside_epoch:
            self._begin_epoch(run.epoch + 1)
        return record

    def _begin_epoch(self, epoch: int) -> None:
        """Freeze the parameters that are held in this epoch."""
        self._epoch = epoch
        held = {one for spec, selected in self._selected if spec.holds(epoch) for one in selected}
        self._set_trained({one: one not in held for one in self._frozen})

    def _set_trained(self, parameters: "Mapping[nn.Parameter, bool]") -> None:
        for parameter, is_trained in parameters.items():
            parameter.requires_grad_(is_trained)

    def state_dict(self) -> dict[str, Any]:
        """Return the epoch, which determines the frozen parameters."""
        return {"epoch": self._epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume in the epoch of another run."""
        self._begin_epoch(state["epoch"])


def _selected(spec: Freeze, run: Run, model: "nn.Module", criterion: "nn.Module") -> "list[nn.Parameter]":
    place = run.spec.place_of(spec)
    selection = ParameterSelection(parameters=spec.parameters, layers=spec.layers)
    try:
        selected, others = divided(named_parameters(model, criterion), [selection])
    except MismatchError as error:
        raise MismatchError(error.message, (*place, *error.path[1:])) from None
    if not others:
        raise MismatchError("All parameters are frozen, so there is nothing to train.", place)
    return [parameter.tensor for parameter in selected]


def _disable_fused_momentum(optimizer: "optim.Optimizer") -> None:
    """Disable torch's fused SGD, which requires a momentum for all parameters of a group or for none."""
    for group in optimizer.param_groups:
        if group.get("fused") and group.get("momentum") and "dampening" in group:
            group["fused"] = False
