"""The documentation of a component, from its class alone: what it is, and each option with type, default and bounds.

The description of an option is the docstring under it. Python does not keep it, so it is read from the source code.
"""

import ast
import inspect
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from attrs import NOTHING, Attribute, fields, frozen

from hookline.spec.dump import plain
from hookline.spec.options import Bounds, Spec
from hookline.spec.types import option_type


@frozen(kw_only=True)
class OptionDocumentation:
    """The documentation of an option."""

    name: str
    """The option's name."""
    kind: str
    """What its value must be, in words: "an integer or an array of 2 integers"."""
    bounds: str
    """The numbers that are allowed, in words; empty if all are."""
    is_required: bool
    """Whether it has no default."""
    default: Any
    """The default as a value of TOML; `None` if it depends on something else."""
    description: str
    """What it does; empty if the source code of the class is not available."""


@frozen(kw_only=True)
class ComponentDocumentation:
    """The documentation of a component."""

    name: str
    """Its `type` in a spec."""
    family: str
    """The family that it belongs to."""
    summary: str
    """The first paragraph of its docstring, in one line."""
    text: str
    """The rest of its docstring."""
    options: tuple[OptionDocumentation, ...]
    """The options: required ones first; then, as among these, the own ones of the class before those of its bases."""


def documentation(kind: type[Spec]) -> ComponentDocumentation:
    """The documentation of a component's class."""
    return _documentation(cast("type", kind))  # mypy holds the `__hash__` of the objects for that of the class.


@cache
def _documentation(kind: Any) -> ComponentDocumentation:
    described = _descriptions(kind)
    defined_in = {
        name: -index for index, base in enumerate(kind.__mro__[::-1]) for name in inspect.get_annotations(base)
    }
    ordered = sorted(fields(kind), key=lambda option: (option.default is not NOTHING, defined_in[option.name]))
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
    """The first paragraph of a component's docstring, in one line. It does not read the source code."""
    return " ".join(inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].split())


def _bounds(attribute: "Attribute[Any]") -> str:
    """The bounds of an option, in words."""
    return " and ".join(str(bounds) for bounds in Bounds.of(attribute) if str(bounds))


def _descriptions(kind: type[Spec]) -> Mapping[str, str]:
    """The docstrings under the options. Those of a class override those of its bases."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        found |= _own_descriptions(base)
    return found


@cache
def _own_descriptions(kind: type) -> Mapping[str, str]:
    try:
        lines, _ = inspect.findsource(inspect.getmodule(kind) or kind)
        body = _classes_in("".join(lines))[kind.__qualname__]
    except (OSError, TypeError, SyntaxError, KeyError):
        return {}  # A class from an interactive session, or whose source code is not installed.
    return {
        option.target.id: " ".join(inspect.cleandoc(text.value.value).split())
        for option, text in pairwise(body)
        if isinstance(option, ast.AnnAssign)
        and isinstance(option.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


@cache
def _classes_in(source: str) -> Mapping[str, list[ast.stmt]]:
    """The bodies of all classes in the code of a module, by qualified name."""
    found: dict[str, list[ast.stmt]] = {}
    unseen: list[tuple[str, ast.AST]] = [("", ast.parse(source))]
    while unseen:
        prefix, node = unseen.pop()
        if isinstance(node, ast.ClassDef):
            found.setdefault(f"{prefix}{node.name}", node.body)
            prefix += f"{node.name}."
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            prefix += f"{node.name}.<locals>."
        unseen += [(prefix, inner) for inner in ast.iter_child_nodes(node) if not isinstance(inner, ast.expr)]
    return found
