"""The draft of a spec, which a plugin returns to `hookline new spec`."""

from attrs import frozen


@frozen(kw_only=True)
class SpecDraft:
    """A new spec for a file of data."""

    text: str
    """The spec as commented TOML, complete and ready to train."""
    summary: str = ""
    """A sentence that says what the trained model does."""
    notes: tuple[str, ...] = ()
    """What the user should know beyond that, one line each, such as columns that the spec does not use."""
    new_rows: str = "new.csv"
    """An example of a file of new rows, for the command that predicts them."""
