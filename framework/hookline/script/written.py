"""Check that the lines that a component inherits still describe it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from attrs import Factory, fields

from hookline.errors.exceptions import MismatchError
from hookline.errors.text import PathElement

Function = TypeVar("Function", bound=Callable[..., Any])


def cannot_be_written(what: str, path: tuple[PathElement, ...] = ()) -> MismatchError:
    """Return the error about a part of a spec that has no lines; its path is relative to the component."""
    return MismatchError(what, path, id="not-ejectable")


def other_options(component: Any, known: Collection[str]) -> list[str]:
    """Return the options of a component that are set, and are not among the known ones."""
    return [
        attribute.name
        for attribute in fields(type(component))
        if attribute.name not in known and getattr(component, attribute.name) != _default(attribute)
    ]


def refuse_other_options(component: Any, known: Collection[str]) -> None:
    """Raise an error for an option that is set, and is not among those that the lines of a component have."""
    if others := other_options(component, known):
        raise cannot_be_written("This option has no lines.", (others[0],))


def _default(attribute: Any) -> Any:
    default = attribute.default
    return default.factory() if isinstance(default, Factory) else default  # type: ignore[arg-type]


def without_lines(method: Function) -> Function:
    """Mark the method `eject` of the base class of a family, which says that a component has no lines."""
    method.has_no_lines = True  # type: ignore[attr-defined]
    return method


def refuse_inherited_lines(component: Any, method: str = "eject", behavior: Sequence[str] | None = None) -> None:
    """Raise an error if a component has no lines, or if its class does something else than the lines that it inherits.

    Args:
        component: the component.
        method: the method that writes the lines.
        behavior: the methods that do what the lines say. A class that overrides one of them must override `method` too.
            Default: those in the class attribute `behavior`. The lines of `eject` may consist of those in
            `further_lines`, a class attribute with such methods for each of them.

    Raises:
        MismatchError: if its lines are unknown.

    """
    known = _methods(type(component)) if method == "eject" and behavior is None else {method: behavior}
    for one, does in known.items():
        if reason := _why_not_written(type(component), one, does):
            raise cannot_be_written(f"{type(component).__name__} has no lines of torch: {reason}.", ("type",))


def _methods(kind: Any) -> Mapping[str, Sequence[str] | None]:
    """Return the methods and attributes with lines of a class, and for each the methods that do what these say."""
    return {"eject": None, **getattr(kind, "further_lines", {})}


def _why_not_written(kind: Any, method: str, behavior: Sequence[str] | None = None) -> str:
    """Return why the lines of a class are unknown; empty if they are known."""
    lines = getattr(kind, method)
    if lines == "" or getattr(lines, "has_no_lines", False):
        return f"its class has no {'method ' if callable(lines) else ''}`{method}`"
    for base in kind.__mro__:
        own = vars(base)
        if method in own:
            break
        if overridden := [one for one in (kind.behavior if behavior is None else behavior) if one in own]:
            return f"it overrides `{overridden[0]}`, but not `{method}`"
    return ""


def is_written(kind: type[Any]) -> bool | None:
    """Whether the class of a component has lines; `None` if its family is not part of a script.

    An option of the component may have no lines all the same.
    """
    if not hasattr(kind, "eject"):
        return None
    return not any(_why_not_written(kind, method, behavior) for method, behavior in _methods(kind).items())
