"""The cells of a row as JSON: what a program needs to know that sends rows one by one, such as a form."""

from typing import Any, Literal

from attrs import frozen

Cell = Literal["number", "integer", "boolean", "text", "date", "time", "list", "image"]


@frozen(kw_only=True)
class RowField:
    """A cell of a row, in JSON."""

    name: str
    """Its name, such as that of a column."""
    cell: Cell
    """The type of the cell. "date" and "time" are text: an ISO 8601 date, or a date with a time. "list" is a list of
    numbers, or of lists of them. "image" is the file of an image in base64."""
    shape: tuple[int | None, ...] = ()
    """The sizes of a list, from the outermost to the innermost; `None` stands for any size."""
    choices: tuple[str, ...] = ()
    """The known cells of a category."""
    is_closed: bool = False
    """Whether other cells than the choices are refused."""
    may_be_missing: bool = False
    """Whether the cell can be null."""
    is_needed: bool = True
    """Whether the model needs it. Others, such as ids, are only copied to the predictions."""
    example: Any = None
    """A cell that is accepted."""
