"""What can be said of a component from its class alone: what it is, and each option with type, default and bounds.

An option's sentence is the docstring under it, which Python does not keep: it is read from the class's source.
"""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from attrs import NOTHING, Attribute, fields, frozen

from hookline.spec.dump import plain
from hookline.spec.options import Bounds, Spec
from hookline.spec.types import option_type


@frozen(kw_only=True)
class OptionDocumentation:
    """What can be said of an option."""

    name: str
    """The option's name."""
    kind: str
    """What its value must be, in words: "an integer or an array of 2 integers"."""
    bounds: str
    """Which numbers are allowed, in words; empty if all are."""
    is_required: bool
    """Whether it must be given."""
    default: Any
    """What it is if it is left out, as TOML has it; `None` if that follows from something else."""
    description: str
    """What it does; empty if the source of the class is not there."""


@frozen(kw_only=True)
class ComponentDocumentation:
    """What can be said of a component."""

    name: str
    """The `type` that a spec gives."""
    family: str
    """The family that it belongs to."""
    summary: str
    """What it is, in a sentence."""
    text: str
    """What else its docstring says."""
    options: tuple[OptionDocumentation, ...]
    """The options: those that must be given, then those of the class itself, then those of its bases."""


def documentation(kind: type[Spec]) -> ComponentDocumentation:
    """What can be said of a component's class."""
    described = _descriptions(kind)
    # What must be given first, and what is the component's own before what it shares with others.
    ordered = sorted(fields(kind), key=lambda attribute: (attribute.default is not NOTHING, attribute.inherited))
    options = [
        OptionDocumentation(
            name=attribute.name,
            kind=option_type(kind.option_type(attribute)).words,
            bounds=_bounds(attribute),
            is_required=attribute.default is NOTHING,
            default=None if attribute.default is NOTHING else plain(attribute.default, Path()),
            description=described.get(attribute.name, ""),
        )
        for attribute in ordered
    ]
    summary, _, text = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")
    return ComponentDocumentation(
        name=kind.__name__,
        family=str(kind.family),
        summary=" ".join(summary.split()),
        text=text,
        options=tuple(options),
    )


def summary(kind: type[Spec]) -> str:
    """The first sentences of a component's docstring, in one line; nothing of it is read from its source."""
    return " ".join(inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].split())


def _bounds(attribute: "Attribute[Any]") -> str:
    """What the bounds among an option's validators say."""
    return " and ".join(str(bounds) for bounds in Bounds.of(attribute) if str(bounds))


def _descriptions(kind: type[Spec]) -> Mapping[str, str]:
    """The docstrings under the options, those of a class before those of its bases."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        found |= _own_descriptions(base)
    return found


@cache
def _own_descriptions(kind: type) -> Mapping[str, str]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError, SyntaxError):
        return {}  # A class that was typed in, or whose source is not installed.
    [body] = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    return {
        option.target.id: " ".join(inspect.cleandoc(text.value.value).split())
        for option, text in pairwise(body)
        if isinstance(option, ast.AnnAssign)
        and isinstance(option.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
