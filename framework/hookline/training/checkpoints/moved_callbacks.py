"""The callbacks of a run that is resumed with another list of callbacks: each keeps its state where it is now."""

from collections.abc import Mapping, Sequence
from typing import Any

from hookline.plugins.manager import callback_name
from hookline.spec.families.callback import WrapperSpec


def with_present_names(
    states: Mapping[str, Any], before: Sequence[WrapperSpec], now: Sequence[WrapperSpec]
) -> dict[str, Any]:
    """Return the states of plugins by their present names: that of a callback contains its place in the spec.

    A callback continues the state of an equal one, wherever that was, or else of one of its type at the same place.
    Others begin without a state.

    Args:
        states: the states in the checkpoint, by name.
        before: the callbacks of the run that saved it.
        now: the callbacks of the run that is resumed.

    """
    old_names = {callback_name(place, callback) for place, callback in enumerate(before)}
    found = {name: state for name, state in states.items() if name not in old_names}
    for place, old in _partners(before, now).items():
        if (name := callback_name(old, before[old])) in states:
            found[callback_name(place, now[place])] = states[name]
    return found


def _partners(before: Sequence[WrapperSpec], now: Sequence[WrapperSpec]) -> dict[int, int]:
    """The earlier place of each callback that was in the spec before, by its present place."""
    rest = dict(enumerate(before))
    partners: dict[int, int] = {}
    for place, callback in enumerate(now):
        equal = [old for old, one in rest.items() if one == callback]
        if equal:
            partners[place] = place if place in equal else equal[0]
            del rest[partners[place]]
    for place, callback in enumerate(now):
        if place not in partners and type(rest.get(place)) is type(callback):
            partners[place] = place
    return partners
