"""Record everything that happens in the steps of a training, between any two plugins and after each layer."""

from collections.abc import Collection, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from hookline.files.weights import plain_name
from hookline.plugins.dispatch.attribution import implementations, is_built_in, is_wrapper
from hookline.plugins.manager import Named
from hookline.plugins.origin import Origin
from hookline.plugins.stages import STAGES, Run, hookimpl
from hookline.training.checkpoints.generators import state_of_generators
from hookline.training.checkpoints.optimizer_names import named_state
from hookline.training.checkpoints.training_state import training_state
from hookline.training.exactness.leaves import Leaves, attributes, leaves

if TYPE_CHECKING:
    from torch import Tensor, nn, optim

    from hookline.data.batches import Batch, Batches, Outputs
    from hookline.data.data import Data
    from hookline.spec.objective.prediction import Prediction


WITH_GRADIENTS = frozenset({("backward", True), ("step", False), ("step", True)})
"""The stages, and whether they have been answered, in which the gradients belong to the step."""


OF_TORCH = ("defaults", "param_groups", "state", "training")
"""Attributes of optimizers and layers that torch restores or sets itself."""


@frozen
class Event:
    """What was seen at one place of a training at one time."""

    step: int
    """The number of completed steps."""
    stage: str
    """The stage, or "layer" after a layer."""
    place: int | str
    """The number of the observer, counted from the outermost; or the path of the layer."""
    is_after: bool
    """Whether the stage has been answered."""
    is_in_step: bool
    """Whether it belongs to the next step; otherwise to what follows the steps, such as an evaluation."""
    seen: Leaves
    """The arguments or the answer of the stage, the tensors of the model, and the generators."""
    hidden: Mapping[str, Leaves] = field(factory=dict, eq=False)
    """The attributes of plugins, layers, optimizer and data by their names. They say why something differs."""


class Trace:
    """The events of a training, or of several parts of it."""

    def __init__(self, looked_into: Collection[int]):
        """Begin without events; look into the objects before the steps that follow these numbers of steps."""
        self.events: list[Event] = []
        self.names: list[str] = []
        """The names of the plugins between the observers, from the outermost."""
        self.parameters: list[str] = []
        """The names of the parameters by their numbers in the state of the optimizer."""
        self.answering: dict[str, str] = {}
        """The plugins that answer stages in place of the built-in ones, by stage."""
        self._looked_into = looked_into
        self._run: Run | None = None
        self._trained: tuple[Any, Any, Any] | None = None
        self._training: Any = None

    def arrange(self, named: Sequence[Named]) -> list[Named]:
        """Put an observer before, between and after the plugins."""
        self.names = [origin.name for origin, _ in named]
        arranged: list[Named] = []
        for index, one in enumerate(named):
            arranged += [(Origin(f"observer {index}"), Observer(self, index)), one]
        return [*arranged, (Origin(f"observer {len(named)}"), InnermostObserver(self, len(named)))]

    def begin(
        self, run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
    ) -> None:
        """Record events from now on."""
        self._run, self._trained, self._training = run, (model, criterion, optimizer), data.training
        self.parameters = named_state(optimizer, model, criterion)["names"]
        for stage in STAGES:
            found = implementations(run.stages.manager, stage)
            answers = next((one for one in found if not is_wrapper(one)), None)
            if answers is not None and not is_built_in(answers):
                self.answering[stage] = str(answers.plugin_name)
        for name, layer in model.named_modules():
            layer.register_forward_hook(lambda _, __, outputs, name=name: self._add_layer(plain_name(name), outputs))

    def end(self) -> None:
        """Record no more events."""
        self._run = None

    def _add_layer(self, name: str, outputs: Any) -> None:
        if self._run is not None:
            seen = leaves({"outputs": outputs})
            is_in_step = self._run.is_stepping
            self.events.append(Event(self._run.step, "layer", name, is_after=True, is_in_step=is_in_step, seen=seen))

    def add(self, stage: str, place: int, values: Mapping[str, Any], *, is_after: bool) -> None:
        """Record an event."""
        run = self._run
        if run is None or self._trained is None:
            return
        model, criterion, _ = self._trained
        begins_step = stage == "forward" and place == 0 and not is_after and run.is_stepping
        seen: dict[str, Any] = {**values, "stopped": run.state.stopped}
        if begins_step:
            state = training_state(run, *self._trained)
            seen |= {"state": {**state, "run": {**state["run"], "seconds": 0.0}}}
        if (stage, is_after) in WITH_GRADIENTS:
            seen["gradients"] = {name: parameter.grad for name, parameter in model.named_parameters()}
        seen |= {"model": model.state_dict(), "criterion": criterion.state_dict()}
        seen["generators"] = state_of_generators(run.device)
        hidden = self._attributes(run) if begins_step and run.step in self._looked_into else {}
        is_in_step = run.is_stepping or stage == "step"
        event = Event(
            run.step, stage, place, is_after=is_after, is_in_step=is_in_step, seen=leaves(seen), hidden=hidden
        )
        self.events.append(event)

    def _attributes(self, run: Run) -> dict[str, Leaves]:
        assert self._trained is not None, "The caller has checked it."
        model, criterion, optimizer = self._trained
        owners = {name: run.stages.manager.get_plugin(name) for name in self.names}
        found = {name: attributes(plugin) for name, plugin in owners.items()}
        for kind, module in (("model", model), ("criterion", criterion)):
            layers = {f"{kind}.{plain_name(name)}": layer for name, layer in module.named_modules()}
            found |= {name: _without_torchs(attributes(layer, 0)) for name, layer in layers.items()}
        return {**found, "optimizer": _without_torchs(attributes(optimizer)), "data": attributes(self._training)}


def _without_torchs(found: Leaves) -> Leaves:
    """The attributes of a layer or an optimizer without those of its base class in torch."""
    return {path: text for path, text in found.items() if not str(path[0]).startswith("_") and path[0] not in OF_TORCH}


class Observer:
    """Records what the stages pass on at one place between the plugins."""

    def __init__(self, trace: Trace, place: int):
        """Set the place, counted from the outermost."""
        self._trace, self._place = trace, place

    def _around(self, stage: str, values: Mapping[str, Any]) -> Generator[None, Any, Any]:
        self._trace.add(stage, self._place, values, is_after=False)
        answer = yield
        self._trace.add(stage, self._place, {"answer": _plain(answer)}, is_after=True)
        return answer

    @hookimpl(wrapper=True)
    def forward(self, batch: "Batch") -> "Generator[None, Outputs, Outputs]":
        """Record the batch and the outputs."""
        return (yield from self._around("forward", {"batch": _tensors(batch)}))

    @hookimpl(wrapper=True)
    def loss(self, outputs: "Outputs", batch: "Batch") -> "Generator[None, Tensor, Tensor]":
        """Record the outputs, the batch and the loss."""
        return (yield from self._around("loss", {"outputs": outputs, "batch": _tensors(batch)}))

    @hookimpl(wrapper=True)
    def backward(self, loss: "Tensor") -> "Generator[None, Tensor, Tensor]":
        """Record the loss and the gradients."""
        return (yield from self._around("backward", {"loss": loss}))

    @hookimpl(wrapper=True)
    def step(self) -> Generator[None, bool, bool]:
        """Record the parameters and the gradients."""
        return (yield from self._around("step", {}))

    @hookimpl(wrapper=True)
    def predict(self, outputs: "Outputs") -> "Generator[None, Mapping[str, Prediction], Mapping[str, Prediction]]":
        """Record the outputs."""
        return (yield from self._around("predict", {"outputs": outputs}))

    @hookimpl(wrapper=True)
    def evaluate(self, batches: "Batches") -> Generator[None, Mapping[str, float], Mapping[str, float]]:
        """Record the numbers."""
        return (yield from self._around("evaluate", {}))

    @hookimpl(wrapper=True)
    def log(self, record: dict[str, Any]) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Record what is logged."""
        return (yield from self._around("log", {"record": record}))


class InnermostObserver(Observer):
    """Also begins and ends the recording: wrappers around `fit` may apply the model before the training begins."""

    @hookimpl(wrapper=True)
    def fit(
        self, run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
    ) -> "Generator[None, nn.Module, nn.Module]":
        """Record the training itself."""
        self._trace.begin(run, data, model, criterion, optimizer)
        try:
            return (yield)
        finally:
            self._trace.end()


def _tensors(batch: "Batch") -> dict[str, Any]:
    parts = {"inputs": batch.inputs, "targets": batch.targets, "lengths": batch.lengths, "weights": batch.weights}
    return {name: part for name, part in parts.items() if part is not None}


def _plain(answer: Any) -> Any:
    """The answer of a stage without objects that cannot be compared, such as predictions, which are computed later."""
    import torch

    if isinstance(answer, Mapping):
        return {name: part for name, part in answer.items() if isinstance(part, (torch.Tensor, float, int, str))}
    return answer
