"""Show what a training begins with of another run."""

from collections.abc import Iterator, Mapping
from typing import Any

from hookline.cli.output.screen import paragraph, table
from hookline.errors.text import counted

MOST_TENSORS = 40
"""The largest number of tensors to list."""


def initialized_lines(made: Mapping[str, Any], width: int | None) -> Iterator[str]:
    """Yield what is loaded from another run, tensor by tensor, in lines of at most `width` characters."""
    which = f"{made['weights']}, epoch {made['epoch']}, step {made['step']}"
    yield from paragraph(f"Weights from {made['run']} ({which})", width)
    rows = [
        *((name, "loaded") for name in made["loaded"]),
        *(
            (name, f"initialized as usual: {_shape(here)} here, {_shape(there)} there")
            for name, (there, here) in made["other_shape"].items()
        ),
        *((name, "initialized as usual: not in that run") for name in made["missing"]),
    ]
    yield from table(rows[:MOST_TENSORS], width)
    if (others := len(rows) - MOST_TENSORS) > 0:
        yield f"  and {counted(others, 'other')}: `--format json` lists all of them."
    unused = [name for name in made["unused"] if name not in made["missing"]]
    if unused:
        yield from paragraph(f"  {counted(len(unused), 'other tensor')} of that run: not used", width, then="    ")


def _shape(shape: list[int]) -> str:
    return " × ".join(map(str, shape)) or "a number"
