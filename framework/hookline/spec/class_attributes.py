"""Whether what a component's class says in place of its family's class is what this asks for.

A class that calls it `activaton` would silently have what every loss has, which is what nobody finds.
"""

import typing
from typing import Any, ClassVar, Literal, get_args, get_origin

from hookline.errors.text import enumerate_names, nearest
from hookline.spec.options import Spec, is_option
from hookline.spec.types import option_type
from hookline.spec.words import article


def misfit(kind: type[Spec]) -> str | None:
    """What a class says that is not of the kind that its family asks for, as the rest of a sentence; or nothing."""
    for base in _others_classes(kind):
        for name, value in vars(base).items():
            is_said = not (name.startswith("_") or hasattr(value, "__get__") or is_option(value))
            if not is_said or name in vars(base).get("__annotations__", {}):
                continue
            wanted = _wanted(kind, name)
            if wanted is not None and not option_type(wanted).holds(value):
                call = f": write `{name} = {value.__name__}()`" if isinstance(value, type) else ""
                return f"says `{name} = {_shown(value)}`, which must be {_words(wanted)}{call}."
    return None


def misspelt(kind: type[Spec]) -> str | None:
    """What has nearly the name of something that its family has, as the rest of a sentence: nobody asks for it."""
    own = {name for base in _others_classes(kind) for name in vars(base)}
    known = {name for name in dir(kind) if not name.startswith("_") and name not in own}
    for base in _others_classes(kind):
        for name, value in vars(base).items():
            is_asked_for = hasattr(value, "hookline_impl") or name in vars(base).get("__annotations__", {})
            if name.startswith("_") or is_asked_for or _inherited(kind, name):
                continue
            near = nearest(name, known, most=1 if len(name) < 6 else 2)
            if near is not None:
                return (
                    f"has `{name}`, for which nobody asks: call it `{near}`, if it is to be that, and otherwise "
                    f"`_{name}`."
                )
    return None


def _others_classes(kind: type[Spec]) -> list[type]:
    """The class and its bases, without those of Hookline itself."""
    core = Spec.__module__.partition(".")[0]
    return [base for base in kind.__mro__ if base.__module__.partition(".")[0] != core and base is not object]


def _inherited(kind: type[Spec], name: str) -> list[Any]:
    """What Hookline's own classes have under a name, the nearest first."""
    ours = set(kind.__mro__) - set(_others_classes(kind)) - {object}
    return [vars(base)[name] for base in kind.__mro__ if base in ours and name in vars(base)]


def _wanted(kind: type[Spec], name: str) -> Any:
    """The type of what a class of Hookline has under this name; `None` if it has nothing there, or a function."""
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
    except NameError:  # It names what is there for a type-checker only.
        return None


def _shown(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else repr(value)


def _words(wanted: Any) -> str:
    """A type as an author writes it."""
    if get_origin(wanted) is Literal:
        return enumerate_names(get_args(wanted), "or")
    names = [getattr(arm, "__name__", str(arm)) for arm in get_args(wanted) or (wanted,) if arm is not type(None)]
    return f"{article(names[0].lower())} {' or '.join(names)}" if get_origin(wanted) is not tuple else "a tuple"
