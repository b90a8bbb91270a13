"""Whether the lines that a component inherits still say what it does."""

from typing import Any

from hookline.errors.exceptions import MismatchError
from hookline.errors.text import PathElement


def cannot_be_written(what: str, path: tuple[PathElement, ...] = ()) -> MismatchError:
    """Return the error about a part of a spec that has no lines; its path is relative to the component."""
    return MismatchError(what, path, id="not-ejectable")


def refuse_inherited_lines(component: Any) -> None:
    """Raise an error if a component has no method `eject`, or if a class below the one that has it does something else.

    What it does is in the methods that its `behavior` names.

    Raises:
        MismatchError: if its lines are unknown.

    """
    name = type(component).__name__
    for kind in type(component).__mro__:
        own = vars(kind)
        if own.get("family") is not None and "eject" in own:
            break
        if "eject" in own:
            return
        if overridden := [method for method in component.behavior if method in own]:
            raise cannot_be_written(
                f"{name} has no lines of torch: it overrides `{overridden[0]}`, but not `eject`, which would write them."
            )
    raise cannot_be_written(f"{name} has no lines of torch: its class has no method `eject`, which would write them.")
