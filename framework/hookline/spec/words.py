"""Words for types and values in messages."""

from collections.abc import Callable

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


def rewritten(value: object, accepts: Callable[[object], bool]) -> str:
    """How to write a value so that its type is right: without quotes, in quotes, or as an integer; empty if neither is.

    >>> rewritten("3", lambda value: isinstance(value, int)), rewritten(3.0, lambda value: isinstance(value, int))
    ('Write it without quotes: 3.', 'Write it without a decimal point: 3.')
    >>> rewritten(5, lambda value: isinstance(value, str))
    'Write it in quotes: "5".'
    """
    if isinstance(value, str):
        import tomli  # Only for this mistake.

        text = value.strip()
        text = text.lower() if text in ("True", "False") else text
        try:
            meant = tomli.loads(f"value={text}")["value"] if "\n" not in text else None
        except tomli.TOMLDecodeError:
            return ""
        return f"Write it without quotes: {text}." if type(meant) in (bool, int, float) and accepts(meant) else ""
    if isinstance(value, float) and value.is_integer() and accepts(int(value)):
        return f"Write it without a decimal point: {int(value)}."
    if isinstance(value, (int, float)) and not isinstance(value, bool) and accepts(str(value)):
        return f'Write it in quotes: "{value}".'
    return ""


def wrong(value: object, expected: str, help: str = "") -> InvalidValueError:  # noqa: A002
    """The error that names what was expected and what was found."""
    return InvalidValueError("wrong-type", f"This must be {expected}, but it is {found(value)}.", help)
