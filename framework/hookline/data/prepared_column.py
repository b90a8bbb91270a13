"""The description of how a column of a data source is prepared."""

from attrs import frozen


@frozen(kw_only=True)
class PreparedColumn:
    """A column of a data source, and the inputs that it becomes."""

    name: str
    """The name of the column; several columns that are treated in the same way may be described as one."""
    group: str
    """The group of inputs that it belongs to."""
    kind: str
    """How it is prepared, such as the type of its kind."""
    inputs: int | None
    """How many numbers of a row it becomes; `None` for a sequence of any length."""
    knows: str = ""
    """What the kind knows about the training rows, such as the mean or the categories."""
    missing: int = 0
    """How many of its cells are missing, in all files."""
    drops_missing: bool = False
    """Whether the rows of these cells are dropped."""
