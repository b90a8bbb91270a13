"""Names of the components of a training in messages, by a part of its state or by the place of an event."""

from collections.abc import Mapping

from attrs import frozen

from hookline.errors.text import dotted
from hookline.spec.training import TrainingSpec
from hookline.training.exactness.leaves import Path
from hookline.training.exactness.observers import Event, Trace

ANSWERED_BY = {
    "forward": "model",
    "loss": "loss",
    "backward": "model",
    "step": "optimizer",
    "predict": "loss",
    "evaluate": "metrics",
}
"""The sections of the spec whose components the built-in answers of the stages call."""


@frozen
class Component:
    """A component in which something differs."""

    name: str
    """Its name in messages."""
    owner: str = ""
    """Its name in `Event.hidden`."""


@frozen
class Names:
    """The names of the components of a training."""

    spec: TrainingSpec
    plugins: Mapping[str, str]
    """The names of plugins in messages, if they are not those in the plugin manager."""

    def of_state(self, path: Path, parameters: "list[str]") -> Component:
        """Return the component with a part of the state of a training; `parameters` are the names by number."""
        match path:
            case ("plugins", str(plugin), *rest):
                return Component(_joined(self.of_plugin(plugin), rest), plugin)
            case ("optimizer", "state", "state", int(number), *rest) if number < len(parameters):
                return Component(_joined(f"optimizer state of {parameters[number]}", rest), "optimizer")
            case ("optimizer", "state", "param_groups", int(group), *rest):
                return Component(_joined(f"parameter group {group} of the optimizer", rest), "optimizer")
            case ("optimizer", "state", *rest):
                return Component(_joined("optimizer state", rest), "optimizer")
            case ("generators", name, *_):
                return Component(f"generator {name}", "data")  # Only the data source may draw between the steps.
            case ("run", "history", int(line), *rest):
                return Component(_joined(f"log line {line + 1}", rest))
            case ("position", "losses", *_):
                return Component("the losses of the epoch")
            case ("criterion", *rest):
                return Component(_joined("loss", rest), "criterion.")
            case ("returned", what, *rest):
                return Component(_joined(f"the {what} at the end", rest))
            case (str(what), *rest):
                return Component(_joined(what, rest))
        return Component(dotted(path))

    def of_event(self, event: Event, path: Path, trace: Trace) -> Component:
        """Return the component that ran between an event and the one before it, and caused a difference."""
        if path[0] == "state":
            return self.of_state(path[1:], trace.parameters)
        if event.stage == "layer":
            return Component(f"layer {event.place}" if event.place else "model", f"model.{event.place}")
        assert isinstance(event.place, int), "Only layers have a path."
        index = event.place if event.is_after else event.place - 1
        if 0 <= index < len(trace.names):
            return Component(self.of_plugin(trace.names[index]), trace.names[index])
        if index < 0:
            if path[0] == "batch":
                return Component(f"data ({type(self.spec.data).__name__})", "data")
            return self.of_state(path, trace.parameters)
        if event.stage in trace.answering:
            plugin = trace.answering[event.stage]
            return Component(self.of_plugin(plugin), plugin)
        return self.of_section(ANSWERED_BY.get(event.stage, "run"))

    def of_section(self, section: str) -> Component:
        """Return the component of a section of the spec."""
        owner = {"loss": "criterion.", "model": "model."}.get(section, section)
        component = getattr(self.spec, section)
        is_one = component is not None and not isinstance(component, tuple) and section != "run"
        return Component(f"{section} ({type(component).__name__})" if is_one else section, owner)

    def of_plugin(self, name: str) -> str:
        """Return the name of a plugin in messages, such as "callbacks.2 (EarlyStopping)"."""
        return self.plugins.get(name, name)


def _joined(name: str, rest: "list[str | int]") -> str:
    return f"{name}: {dotted(tuple(rest))}" if rest else name
