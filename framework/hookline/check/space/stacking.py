"""Find what a tuner cannot train together with other trials, without torch."""

from collections.abc import Iterator, Mapping
from typing import Any

from hookline.errors.diagnostic import Diagnostic
from hookline.spec.options import Spec
from hookline.spec.walk import items

PLACE = ("tune", "vectorize")

OF_RUN = ("max_time", "validate_every_steps")
"""The options of a run that a stack of trials does not have."""


def stacking_problems(sections: Mapping[str, Any]) -> list[Diagnostic]:
    """The problems of a spec whose trials are to be trained together, given its valid sections."""
    return [Diagnostic("conflicting-options", f"{message}.", PLACE) for message in dict.fromkeys(_messages(sections))]


def _messages(sections: Mapping[str, Any]) -> Iterator[str]:
    together = "cannot be trained together with other trials"
    for component in _components([sections[name] for name in ("model", "loss", "losses", "callbacks")]):
        if reason := getattr(component, "unstackable", ""):
            yield f"{type(component).__name__} {together}: {reason}"
    if sections["optimizer"].needs_closure:
        yield f"{type(sections['optimizer']).__name__} {together}: it evaluates the loss several times in a step"
    for option in OF_RUN:
        if getattr(sections["run"], option) is not None:
            yield f"A run with the option `{option}` {together}"


def _components(value: Any) -> Iterator[Spec]:
    """The components in a section, and those inside of them."""
    if isinstance(value, Spec):
        yield value
    if isinstance(value, (Spec, Mapping, list, tuple)):
        for _, inner in items(value):
            yield from _components(inner)
