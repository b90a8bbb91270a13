"""An output of a deployed model."""

from attrs import frozen

from hookline.spec import Value


@frozen(kw_only=True)
class Output:
    """An output of a deployed model."""

    name: str
    """Its name."""
    value: Value
    """The value of the graph that it is."""
    dtype: str
    """The type of its elements: "string", "int64", "float32", "float64" or "bool"."""
    shape: tuple[int | str, ...]
    """The shape for one row; a name stands for any size."""
    meaning: str
    """What it is, in a sentence."""
    columns: tuple[str, ...]
    """The columns of `hookline predict` with the same values."""
    join: str | None = None
    """What is between the classes of a sequence in such a column, if it is a sequence."""


@frozen
class Traced:
    """An output of the traced model in a graph."""

    value: Value
    """The value."""
    shape: tuple[int | str, ...]
    """The shape for one row."""
