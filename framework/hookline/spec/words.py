"""Words for types and values in messages."""

from hookline.errors.option_errors import InvalidValueError


def article(noun: str) -> str:
    """The article before the noun.

    >>> article("loss"), article("optimizer")
    ('a', 'an')
    """
    return "an" if noun[0] in "aeiou" else "a"


def plural(noun: str) -> str:
    """The noun in the plural.

    >>> plural("loss"), plural("layer")
    ('losses', 'layers')
    """
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


def found(value: object) -> str:
    """A value of TOML in words: `the string "x"`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f'the string "{value}"' if len(value) <= 60 else "a long string"
    if isinstance(value, list):
        return f"an array of {len(value)} elements" if len(value) != 1 else "an array of one element"
    return "a table" if isinstance(value, dict) else f"the {type(value).__name__} {value}"


def wrong(value: object, expected: str, help: str = "") -> InvalidValueError:  # noqa: A002
    """The error that names what was expected and what was found."""
    return InvalidValueError("wrong-type", f"This must be {expected}, but it is {found(value)}.", help)
