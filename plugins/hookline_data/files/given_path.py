"""The place of rows from Python."""

from pathlib import Path
from typing import Any


class GivenPath(type(Path())):  # type: ignore[misc]
    """Rows from Python where a source expects the path of a file. Its text is their name, such as "the DataFrame"."""

    rows: Any
    """The rows."""

    @classmethod
    def of(cls, name: str, rows: Any) -> "GivenPath":
        """Return the place with this name."""
        made = cls(name)
        made.rows = rows
        return made
