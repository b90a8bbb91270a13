"""Numbers on the command line."""

import argparse

LONGEST = 20
"""The number of digits from which a number is too large for whatever is counted."""


def positive_integer(text: str) -> int:
    """Return the number in a text, for `type=` of an argument.

    Raises:
        argparse.ArgumentTypeError: if it is not a positive integer.

    >>> positive_integer("3")
    3

    """
    if not (text.isascii() and text.isdecimal() and len(text) < LONGEST and int(text)):
        raise argparse.ArgumentTypeError(f"`{text}` is not a positive integer.")
    return int(text)
