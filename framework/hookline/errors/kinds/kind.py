"""A kind of mistake or warning."""

from attrs import frozen


@frozen
class Kind:
    """A kind of mistake."""

    meaning: str
    """What is wrong, in a sentence or two."""
    remedy: str
    """What to do about it."""
    example: str = ""
    """A part of a spec that has the mistake; empty if the mistake depends on the data, the model or the machine."""
