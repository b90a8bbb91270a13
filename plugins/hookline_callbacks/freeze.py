"""Parameters that are not trained, or not yet."""

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from hookline import (
    CallbackSpec,
    MisfitError,
    ParameterSelection,
    Run,
    divided,
    hookimpl,
    named_parameters,
    option,
    spec,
)

if TYPE_CHECKING:
    from torch import nn, optim


@spec
class Freeze(CallbackSpec):
    """Keeps parameters as they begin: for good, or until an epoch.

    Selected are those for which everything holds that is given, as in groups of an optimizer. The statistics of a
    BatchNorm layer are no parameters, and go on.
    """

    logs = ()

    parameters: str | tuple[str, ...] | None = None
    """Names, or patterns of names such as `*.bias`; left out, all names."""
    layers: str | tuple[str, ...] | None = None
    """The layers that they belong to, by type or place, or by patterns of either: `Conv2d`, `0`, `encoder.*`."""
    until: int | None = option(default=None, minimum=2)
    """The first epoch in which they are trained, counted from 1; left out, they never are."""

    def build(self) -> object:
        """The callback, which knows what it has frozen."""
        return _Freeze(self)


class _Freeze:
    def __init__(self, spec: Freeze):
        self._spec = spec
        self._frozen: list[nn.Parameter] = []

    @hookimpl(wrapper=True)
    def select_optimizer(
        self, run: Run, model: "nn.Module", criterion: "nn.Module"
    ) -> "Generator[None, optim.Optimizer, optim.Optimizer]":
        """Refuse to select nothing, or everything, before anything is written."""
        optimizer = yield
        self._selected(run, model, criterion)
        return optimizer

    @hookimpl(wrapper=True)
    def fit(
        self, run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
    ) -> "Generator[None, nn.Module, nn.Module]":
        """Freeze what is selected before training begins; afterwards all of it can be trained again."""
        self._frozen = self._selected(run, model, criterion)
        if self._spec.until is not None:
            _allow_to_begin_later(optimizer)
        if run.epoch + 1 < (self._spec.until or run.epoch + 2):
            self._set(is_trained=False)
        try:
            return (yield)
        finally:
            self._set(is_trained=True)

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Let them be trained from the next epoch on."""
        record = yield
        if run.epoch + 1 == self._spec.until:
            self._set(is_trained=True)
        return record

    def _selected(self, run: Run, model: "nn.Module", criterion: "nn.Module") -> "list[nn.Parameter]":
        place = run.spec.place_of(self._spec)
        selection = ParameterSelection(parameters=self._spec.parameters, layers=self._spec.layers)
        try:
            selected, others = divided(named_parameters(model, criterion), [selection])
        except MisfitError as error:
            raise MisfitError(error.message, (*place, *error.path[1:])) from None
        if not others:
            raise MisfitError("All parameters are frozen: nothing is left to train.", place)
        return [parameter.tensor for parameter in selected]

    def _set(self, *, is_trained: bool) -> None:
        for parameter in self._frozen:
            parameter.requires_grad_(is_trained)


def _allow_to_begin_later(optimizer: "optim.Optimizer") -> None:
    """In torch's one kernel for SGD either all parameters of a group have a momentum, or none; its loop takes any."""
    for group in optimizer.param_groups:
        if group.get("fused") and group.get("momentum") and "dampening" in group:
            group["fused"] = False
