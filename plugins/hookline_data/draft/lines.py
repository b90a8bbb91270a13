"""Lines of TOML: comments, arrays and tables within the width of a page."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hookline.spec import as_toml

WIDTH = 100
"""The maximum length of a line."""


def comment(text: str, indent: str = "") -> list[str]:
    """Return a comment, with lines after the first one indented."""
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent=f"# {indent}", break_on_hyphens=False)


def key_of(name: str) -> str:
    """Return a name as the key of a table."""
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else as_toml(name)


def option(name: str, value: Any) -> Iterator[str]:
    """Yield an option; a long array has several lines."""
    line = f"{name} = {as_toml(value)}"
    if len(line) <= WIDTH or not isinstance(value, (list, tuple)):
        yield line
        return
    yield f"{name} = ["
    yield from _in_lines([as_toml(element) for element in value])
    yield "]"


def array_of_tables(name: str, tables: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield an array of inline tables, one in a line."""
    yield f"{name} = ["
    yield from (f"    {as_toml(table)}," for table in tables)
    yield "]"


def _in_lines(elements: Sequence[str]) -> Iterator[str]:
    """The elements of an array, as many in a line as fit."""
    line = "   "
    for element in elements:
        if line.strip() and len(line) + len(element) + 2 > WIDTH:
            yield line
            line = "   "
        line += f" {element},"
    yield line


def layers(several: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the model with these layers, one in a line, or each as a table of its own if one has branches."""
    yield "[model]"
    yield 'type = "Sequential"'
    if not any("branches" in layer for layer in several):
        yield from array_of_tables("layers", several)
        return
    for layer in several:
        yield ""
        yield "[[model.layers]]"
        yield from (f"{key_of(name)} = {as_toml(value)}" for name, value in layer.items() if name != "branches")
        if "branches" in layer:
            yield ""
            yield "[model.layers.branches]"
            for name, branch in layer["branches"].items():
                if branch:
                    yield from array_of_tables(key_of(name), branch)
                else:
                    yield f"{key_of(name)} = []"
