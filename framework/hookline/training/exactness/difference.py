"""Find the first difference between two traces, and the component between the places where it begins."""

from collections.abc import Collection, Iterator

from attrs import frozen

from hookline.training.exactness.components import Component, Names
from hookline.training.exactness.leaves import LONGEST, Leaves, Path
from hookline.training.exactness.observers import Event, Trace

ORDER = ("batch", "outputs", "loss", "record", "state", "answer", "stopped", "gradients", "model", "criterion")
"""The order in which parts that differ at the same time are named: causes come before their effects."""

OF_STATE = ("plugins", "optimizer", "model", "criterion", "generators", "run")

MOST_ATTRIBUTES = 3


@frozen
class Difference:
    """The first difference between a resumed training and one that was not interrupted."""

    component: str
    """The component whose state differs, such as "callbacks.2 (MyCallback)"."""
    when: str = ""
    """When it was found, such as "in step 3"; empty if it is unknown."""
    stage: str = ""
    """The stage in which it was found; empty between the stages."""
    attributes: tuple[str, ...] = ()
    """Attributes of the component that differ, each with both values."""
    advice: str = ""
    """How the component can be changed so that it is resumed exactly."""

    def __str__(self) -> str:
        """Return the difference in sentences."""
        when = [self.when] if self.when else []
        when += [f'in the stage "{self.stage}"'] if self.stage else []
        said = [f"The first difference is in {', '.join([self.component, *when])}."]
        if self.attributes:
            said.append(f"Attributes that differ: {', '.join(self.attributes)}.")
        return " ".join([*said, *([self.advice] if self.advice else [])])


ADVICE = {
    "data": "The batches of an epoch must follow from the seed, the number of the epoch and the first batch alone.",
    "optimizer": "Everything that a step depends on must be in its `state` or in the options of its `param_groups`.",
    "model": "Everything that its outputs depend on must be in its parameters and buffers, and random numbers must "
    "come from torch's generator.",
    "plugin": "Its `state_dict` must return everything that it depends on, and `load_state_dict` must restore it.",
}
"""What each kind of component needs."""


def first_difference(names: Names, usual: Trace, other: Trace, ignored: Collection[Path] = ()) -> Difference | None:
    """Return the first difference between two traces of a training; `None` if there is none.

    Args:
        names: the names of the components.
        usual: the events of the training without an interruption.
        other: the events of the other one.
        ignored: the paths of parts of the state that differ between any two trainings.

    """
    for one, two in zip(usual.events, other.events, strict=False):
        if _place(one) != _place(two):
            # The training without an interruption goes on with another batch, or with none.
            return _made(names.of_section("data"), one, usual, other)
        if paths := [path for path in _unequal(one.seen, two.seen) if not _is_ignored(path, ignored)]:
            return _made(names.of_event(one, min(paths, key=_rank), usual), one, usual, other)
    if len(usual.events) != len(other.events):
        longer = max(usual.events, other.events, key=len)
        event = longer[min(len(usual.events), len(other.events))]
        return _made(names.of_section("data"), event, usual, other)
    return None


def _place(event: Event) -> tuple[object, ...]:
    return event.step, event.stage, event.place, event.is_after


def _made(component: Component, event: Event, usual: Trace, other: Trace) -> Difference:
    stage = "" if event.place == 0 and not event.is_after else event.stage
    hidden = tuple(_hidden(usual, other, event.step, component.owner))[:MOST_ATTRIBUTES]
    kind = component.owner.partition(".")[0].replace("criterion", "model")
    advice = ADVICE.get("plugin" if component.owner in usual.names else kind, "")
    when = f"in step {event.step + 1}" if event.is_in_step else f"after step {event.step}"
    return Difference(component.name, when, "forward" if stage == "layer" else stage, hidden, advice)


def _unequal(one: Leaves, two: Leaves) -> list[Path]:
    return [path for path in {**one, **two} if one.get(path) != two.get(path)]


def _is_ignored(path: Path, ignored: Collection[Path]) -> bool:
    return path[1:] in ignored if path[0] == "state" else path in ignored


def _rank(path: Path) -> tuple[int, int]:
    first = ORDER.index(str(path[0])) if path[0] in ORDER else len(ORDER)
    return first, OF_STATE.index(str(path[1])) if path[0] == "state" and path[1] in OF_STATE else 0


def _hidden(usual: Trace, other: Trace, step: int, owner: str) -> Iterator[str]:
    """Describe the attributes of an owner that differed when the training went on after the interruption."""
    seen = [
        (one.hidden[owner], two.hidden[owner])
        for one, two in zip(usual.events, other.events, strict=False)
        if one.step <= step and owner in one.hidden and owner in two.hidden
    ]
    for one, two in seen[-1:]:
        for name in dict.fromkeys(path[0] for path in _unequal(one, two)):
            values = [_text(side, str(name)) for side in (one, two)]
            yield f"`{name}`" + ("" if None in values else f" ({values[0]}, and {values[1]} after resuming)")


def _text(found: Leaves, name: str) -> str | None:
    """The value of an attribute; `None` if it is too long."""
    text = found.get((name,), "")
    return text if text and len(text) <= LONGEST else None
