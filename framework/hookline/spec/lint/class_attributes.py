"""Check the attributes that a component's class overrides in the class of its family.

A class that misspells one as `activaton` would silently keep the default of its family, which is hard to find.
"""

import typing
from typing import Any, ClassVar, Literal, get_args, get_origin

from hookline.errors.suggestions import nearest
from hookline.errors.text import enumerate_names
from hookline.spec.options import Spec, is_option
from hookline.spec.types import option_type
from hookline.spec.words import article


def wrong_attribute(kind: type[Spec]) -> str | None:
    """The attribute with another type than in the family, as the rest of a sentence; `None` if there is none."""
    for base in _others_classes(kind):
        for name, value in vars(base).items():
            is_override = not (name.startswith("_") or hasattr(value, "__get__") or is_option(value))
            if not is_override or name in vars(base).get("__annotations__", {}):
                continue
            wanted = _wanted(kind, name)
            if wanted is not None and not option_type(wanted).holds(value):
                call = f": write `{name} = {value.__name__}()`" if isinstance(value, type) else ""
                return f"sets `{name} = {_shown(value)}`, which must be {_words(wanted)}{call}."
    return None


def misspelled(kind: type[Spec]) -> str | None:
    """The attribute that probably misspells one of the family, as the rest of a sentence; `None` if there is none."""
    own = {name for base in _others_classes(kind) for name in vars(base)}
    known = {name for name in dir(kind) if not name.startswith("_") and name not in own}
    for base in _others_classes(kind):
        for name, value in vars(base).items():
            is_used = hasattr(value, "hookline_impl") or name in vars(base).get("__annotations__", {})
            if name.startswith("_") or is_used or _inherited(kind, name):
                continue
            near = nearest(name, known, most=1 if len(name) < 6 else 2)
            if near is not None:
                return (
                    f"has `{name}`, which Hookline does not use. Did you mean `{near}`? Otherwise, call it `_{name}`."
                )
    return None


def _others_classes(kind: type[Spec]) -> list[type]:
    """The class and its bases, without those of Hookline itself."""
    core = Spec.__module__.partition(".")[0]
    return [base for base in kind.__mro__ if base.__module__.partition(".")[0] != core and base is not object]


def _inherited(kind: type[Spec], name: str) -> list[Any]:
    """The attributes with a name in Hookline's own classes, the nearest first."""
    ours = set(kind.__mro__) - set(_others_classes(kind)) - {object}
    return [vars(base)[name] for base in kind.__mro__ if base in ours and name in vars(base)]


def _wanted(kind: type[Spec], name: str) -> Any:
    """The type of the attribute of a class of Hookline; `None` if it has none, or a function."""
    for inherited in _inherited(kind, name):
        if isinstance(inherited, property):
            return _hint(inherited.fget, "return")
    for base in kind.__mro__:
        if name in vars(base).get("__annotations__", {}):
            hint = _hint(base, name)
            return get_args(hint)[0] if get_origin(hint) is ClassVar else None
    return None


def _hint(owner: Any, name: str) -> Any:
    try:
        return typing.get_type_hints(owner).get(name)
    except NameError:  # It contains a name that only type checkers import.
        return None


def _shown(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else repr(value)


def _words(wanted: Any) -> str:
    """A type in words, as the author of a plugin would write it."""
    if get_origin(wanted) is Literal:
        return enumerate_names(get_args(wanted), "or")
    names = [getattr(arm, "__name__", str(arm)) for arm in get_args(wanted) or (wanted,) if arm is not type(None)]
    return f"{article(names[0].lower())} {' or '.join(names)}" if get_origin(wanted) is not tuple else "a tuple"
