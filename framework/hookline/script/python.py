"""Python code as text: literals, calls, and lines that are not too long."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import Parameter, signature
from itertools import pairwise
from typing import Any

WIDTH = 120
"""The largest number of characters of a line."""

PAIRS = {"(": ")", "[": "]", "{": "}"}


def literal(value: Any) -> str:
    """Return a value as Python code, with double quotes.

    >>> literal(("mean", 0.5, None)), literal(float("inf")), literal({"a": [1]})
    ('("mean", 0.5, None)', 'float("inf")', '{"a": [1]}')
    """
    if isinstance(value, str):
        text = repr(value)
        if text[0] == '"' or '"' in value:
            return text
        return f'"{text[1:-1]}"'
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, tuple):
        inside = ", ".join(map(literal, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(key)}: {literal(one)}' for key, one in value.items())}}}"
    return repr(value)


def call(name: str, *arguments: str, **named: str) -> str:
    """Return a call of a function, given its arguments as code.

    >>> call("nn.Linear", "4", "16", bias="False")
    'nn.Linear(4, 16, bias=False)'
    """
    parts = [*arguments, *(f"{key}={value}" for key, value in named.items())]
    return listed(name, parts) if any("\n" in part for part in parts) else f"{name}({', '.join(parts)})"


def constructor(name: str, kind: Callable[..., Any], options: Mapping[str, Any]) -> str:
    """Return a call of a class with these options, without those that have the default of its signature.

    Required options come first, without their names. A value that is a `Code` is code already.

    >>> constructor("Fraction", lambda numerator, denominator=1: None, {"numerator": 2, "denominator": 1})
    'Fraction(2)'
    """
    parameters = {one.name: one for one in signature(kind).parameters.values() if one.kind not in _VARIABLE}
    positional = [
        options[one.name]
        for one in parameters.values()
        if one.default is Parameter.empty and one.name in options and one.kind is not Parameter.KEYWORD_ONLY
    ]
    required = {one.name for one in parameters.values() if one.default is Parameter.empty}
    named = {
        key: value
        for key, value in options.items()
        if key not in required and not (key in parameters and _is_default(value, parameters[key].default))
    }
    named |= {
        key: options[key] for key in required if key in options and parameters[key].kind is Parameter.KEYWORD_ONLY
    }
    named = dict(sorted(named.items(), key=lambda item: [*parameters, item[0]].index(item[0])))
    return call(name, *map(code_of, positional), **{key: code_of(value) for key, value in named.items()})


class Code(str):
    """Text that is code, among options whose other values are written as literals."""

    __slots__ = ()


def code_of(value: Any) -> str:
    """Return a value as code; a `Code` unchanged."""
    return str(value) if isinstance(value, Code) else literal(value)


_VARIABLE = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


def _is_default(value: Any, default: Any) -> bool:
    if isinstance(value, Code):
        return False
    if isinstance(value, (tuple, list)) and isinstance(default, (tuple, list)):
        return tuple(value) == tuple(default)
    is_number = isinstance(value, (int, float)) and isinstance(default, (int, float))
    return bool(value == default) and (type(value) is type(default) or is_number)


def wrapped(line: str, width: int = WIDTH) -> Iterator[str]:
    """Yield a line of code, divided at its last bracket if it is too long, as formatters do it.

    >>> print(*wrapped("names = [first, second, third]", 20), sep=chr(10))
    names = [
        first,
        second,
        third,
    ]
    """
    indent = line[: len(line) - len(line.lstrip())]
    place = None if len(line) <= width or line.lstrip().startswith("#") else _last_bracket(line)
    if place is None:
        yield line
        return
    first, last = place
    inside = line[first + 1 : last].strip().removesuffix(",")
    yield line[: first + 1]
    is_call = line[:first][-1:].isalnum() or line[:first][-1:] in ("_", ")", "]")
    clauses = _clauses(inside)
    parts, comma = (clauses, "") if len(clauses) > 1 else (split_at_commas(inside), ",")
    if len(indent) + 4 + len(inside) <= width and (is_call or len(parts) == 1 or not comma):
        yield f"{indent}    {inside}"
    else:
        if len(parts) == 1 and line[first] == "(" and inside.startswith(("[", "(")):
            comma = ""
        for part in parts:
            yield from wrapped(f"{indent}    {part}{comma}", width)
    yield f"{indent}{line[last:]}"


def split_at_commas(text: str) -> list[str]:
    """Return the parts of code between its outermost commas.

    >>> split_at_commas('f(1, 2), "a, b", [c]')
    ['f(1, 2)', '"a, b"', '[c]']
    """
    parts, depth, start = [], 0, 0
    for index, sign in _signs(text):
        if sign in PAIRS:
            depth += 1
        elif sign in PAIRS.values():
            depth -= 1
        elif sign == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    return [part for part in [*parts, text[start:].strip()] if part]


def _clauses(text: str) -> list[str]:
    """Return the element of a comprehension and its clauses; other code as it is."""
    depth, places = 0, list[int]()
    for index, sign in _signs(text):
        depth += (sign in PAIRS) - (sign in PAIRS.values())
        if depth == 0 and (text.startswith(" for ", index) or (places and text.startswith(" if ", index))):
            places.append(index)
    return [text[start:stop].strip() for start, stop in pairwise([0, *places, len(text)])]


def _last_bracket(line: str) -> tuple[int, int] | None:
    """Return the places of the last outermost pair of brackets that is not empty."""
    opened: list[int] = []
    found = None
    for index, sign in _signs(line):
        if sign in PAIRS:
            opened.append(index)
        elif sign in PAIRS.values() and opened:
            first = opened.pop()
            if not opened and index > first + 1:
                found = first, index
    return found


def _signs(text: str) -> Iterator[tuple[int, str]]:
    """Yield the characters outside strings, with their places."""
    quote = ""
    skip = False
    for index, sign in enumerate(text):
        if skip:
            skip = False
        elif quote:
            if sign == "\\":
                skip = True
            elif sign == quote:
                quote = ""
        elif sign in "\"'":
            quote = sign
        else:
            yield index, sign


def indented(lines: Sequence[str], depth: int = 1) -> list[str]:
    """Return lines with a deeper indentation; empty ones stay empty."""
    return [f"{'    ' * depth}{line}" if line else "" for line in lines]


def listed(name: str, items: Sequence[str]) -> str:
    """Return a call with an argument on each line, as for the layers of `nn.Sequential`.

    >>> print(listed("nn.Sequential", ["nn.ReLU()"]))
    nn.Sequential(
        nn.ReLU(),
    )
    """
    lines = [line for item in items for line in f"{item},".splitlines()]
    return "\n".join([f"{name}(", *indented(lines), ")"])


def bracketed(name: str, items: Sequence[str]) -> str:
    """Return a call with a list, with an item on each line.

    >>> print(bracketed("nn.ModuleList", ["nn.ReLU()"]))
    nn.ModuleList(
        [
            nn.ReLU(),
        ]
    )
    """
    return _enclosed(name, items, "[", "]")


def braced(name: str, items: Sequence[str]) -> str:
    """Return a call with a dictionary, with an item on each line.

    >>> print(braced("nn.ModuleDict", ['"a": nn.ReLU()']))
    nn.ModuleDict(
        {
            "a": nn.ReLU(),
        }
    )
    """
    return _enclosed(name, items, "{", "}")


def _enclosed(name: str, items: Sequence[str], first: str, last: str) -> str:
    lines = [line for item in items for line in f"{item},".splitlines()]
    return "\n".join([f"{name}(", f"    {first}", *indented(lines, 2), f"    {last}", ")"])
