"""Phrases that messages share: lists of names, numbers with nouns, and suggestions."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from hookline.errors.printing import printable

PathElement = str | int

T = TypeVar("T")


LONGEST_LISTED = 40
"""The maximum number of characters of a known name that a message lists."""


def dotted(path: Sequence[PathElement]) -> str:
    """The path as messages write it: `model.layers[2].out_features`."""
    text = ""
    for element in path:
        if isinstance(element, int):
            text += f"[{element}]"
        else:
            key = shortened(element if element.replace("-", "_").isidentifier() else quoted(element))
            text += f".{key}" if text else key
    return text


def enumerate_names(names: Iterable[object], conjunction: str = "and") -> str:
    """The names in quotes, separated by commas, with a conjunction before the last one.

    >>> enumerate_names(["a", "b", "c"], "or")
    '"a", "b" or "c"'
    """
    *others, last = [quoted(shortened(str(name))) for name in names] or [""]
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def as_list(texts: Iterable[T]) -> list[T]:
    """The elements of an argument that takes several texts or paths. A single one is an element, not its letters.

    >>> as_list("optimizer.lr=0.1"), as_list(("a", "b"))
    (['optimizer.lr=0.1'], ['a', 'b'])
    """
    only: Any = texts
    return [only] if isinstance(texts, (str, Path)) else list(texts)


def quoted(name: object) -> str:
    """The name in double quotes, with control characters escaped."""
    return f'"{printable(str(name))}"'


def quoted_cell(cell: object) -> str:
    r"""A cell of a file in quotes, shortened for a message.

    >>> print(quoted_cell("one\ntwo"))
    "one\ntwo"
    """
    return quoted(shortened(str(cell), LONGEST_LISTED))


def shortened(text: str, most: int = 80) -> str:
    """The text, shortened for a message."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def valid_indices(number: int) -> str:
    """The indices of an array with this many elements, for a message about one that does not exist.

    >>> valid_indices(0), valid_indices(1), valid_indices(3)
    ('the array is empty', 'the only index is 0', 'the indices are 0 to 2')
    """
    if number == 0:
        return "the array is empty"
    return "the only index is 0" if number == 1 else f"the indices are 0 to {number - 1}"


def counted(number: int, noun: str) -> str:
    """The number and the noun, in the plural unless there is one.

    >>> counted(1, "epoch"), counted(2000, "step")
    ('1 epoch', '2,000 steps')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
