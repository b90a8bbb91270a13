"""The names of splits, and of what is in none."""

from collections.abc import Mapping

SPLITS = ("training", "validation", "test")
UNUSED = "unused"
"""The name for the values of rows that no split contains."""
REST = "*"
"""The value that stands for all others."""

USUAL: Mapping[str, tuple[str, ...]] = {
    "training": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
"""The usual names of splits, of files and folders with them, and in cells, in lower case."""


def split_called(name: str) -> str | None:
    """Return the split with such a name; `None` if it is none.

    >>> split_called("Train"), split_called("val"), split_called("trainer")
    ('training', 'validation', None)
    """
    return next((split for split, names in USUAL.items() if name.strip().lower() in names), None)
