"""Parameters that are not trained, or not yet."""

from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hookline import Run, hookimpl
from hookline.errors import MisfitError, OptionError, counted
from hookline.spec import CallbackSpec, ParameterSelection, divided, named_parameters, option, spec

if TYPE_CHECKING:
    from torch import nn, optim


@spec
class Freeze(CallbackSpec):
    """Keeps parameters as they begin: for good, or until an epoch.

    Selected are those for which everything holds that is given, as in groups of an optimizer. A parameter that several
    Freeze of a spec select is trained when none of them holds it any more. The statistics of a BatchNorm layer are no
    parameters, and go on.
    """

    logs = ()
    writes_to = ()
    connects_to = ()
    unlimited = "In which epochs they are frozen, `until` says."

    parameters: str | tuple[str, ...] | None = None
    """Names, or patterns of names such as `*.bias`; left out, all names."""
    layers: str | tuple[str, ...] | None = None
    """The layers that they belong to, by type or place, or by patterns of either: `Conv2d`, `0`, `encoder.*`."""
    until: int | None = option(default=None, minimum=2)
    """The first epoch in which they are trained, counted from 1; left out, they never are."""

    def holds(self, epoch: int) -> bool:
        """Whether they are frozen in the epoch of this number."""
        return self.until is None or epoch < self.until

    def doubts(self, run: Run) -> Iterator[OptionError]:
        """The epoch in which it lets go is to come."""
        epochs = run.spec.run.epochs
        if self.until is not None and self.until > epochs:
            message = f"Freeze never lets go: the run has {counted(epochs, 'epoch')}, and `until` is {self.until}."
            yield OptionError("until", message)

    def build(self) -> object:
        """The callback, which knows what it has frozen."""
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
        """Refuse to select nothing, or everything, before anything is written."""
        optimizer = yield
        # What was never to be trained, nobody has frozen.
        self._frozen = [tensor for tensor in _selected(self._spec, run, model, criterion) if tensor.requires_grad]
        others = [one for one in run.spec.callbacks if isinstance(one, Freeze) and one is not self._spec]
        self._selected = [(one, _selected(one, run, model, criterion)) for one in (self._spec, *others)]
        return optimizer

    @hookimpl(wrapper=True)
    def fit(self, run: Run, optimizer: "optim.Optimizer") -> "Generator[None, nn.Module, nn.Module]":
        """Freeze what is selected before training begins; afterwards all of it can be trained again."""
        if self._spec.until is not None:
            _allow_to_begin_later(optimizer)
        self._begin_epoch(run.epoch + 1)
        try:
            trained = yield
        finally:
            self._set_trained(dict.fromkeys(self._frozen, True))
        if self._spec.until is not None and run.epoch < self._spec.until <= run.spec.run.epochs:
            run.tell(f"Freeze was to let go in epoch {self._spec.until}, and the training ended before.")
        return trained

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Let them be trained from the next epoch on, but those that another holds."""
        record = yield
        self._begin_epoch(run.epoch + 1)
        return record

    def _begin_epoch(self, epoch: int) -> None:
        """Freeze what is held in this epoch."""
        self._epoch = epoch
        held = {one for spec, selected in self._selected if spec.holds(epoch) for one in selected}
        self._set_trained({one: one not in held for one in self._frozen})

    def _set_trained(self, parameters: "Mapping[nn.Parameter, bool]") -> None:
        for parameter, is_trained in parameters.items():
            parameter.requires_grad_(is_trained)

    def state_dict(self) -> dict[str, Any]:
        """The epoch, from which follows what is frozen."""
        return {"epoch": self._epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on in the epoch of another run."""
        self._begin_epoch(state["epoch"])


def _selected(spec: Freeze, run: Run, model: "nn.Module", criterion: "nn.Module") -> "list[nn.Parameter]":
    place = run.spec.place_of(spec)
    selection = ParameterSelection(parameters=spec.parameters, layers=spec.layers)
    try:
        selected, others = divided(named_parameters(model, criterion), [selection])
    except MisfitError as error:
        raise MisfitError(error.message, (*place, *error.path[1:])) from None
    if not others:
        raise MisfitError("All parameters are frozen: nothing is left to train.", place)
    return [parameter.tensor for parameter in selected]


def _allow_to_begin_later(optimizer: "optim.Optimizer") -> None:
    """In torch's one kernel for SGD either all parameters of a group have a momentum, or none; its loop takes any."""
    for group in optimizer.param_groups:
        if group.get("fused") and group.get("momentum") and "dampening" in group:
            group["fused"] = False
