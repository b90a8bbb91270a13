"""Strings that TOML does not have: that are not closed, or have signs in them that cannot stand there."""

import re

from hookline.check.toml.syntax_fault import Fault, innermost, line_end, line_start, one
from hookline.check.toml.syntax_values import CURLY


def string(text: str, position: int) -> Fault:
    """A string is not closed, or has a sign in it that it cannot have."""
    sign = text[position : position + 1]
    quote = innermost(text, position)
    if quote is None or text[quote[0]] not in "\"'":  # That of a key, of which nobody notes where it begins.
        found = re.compile("[\"']|$").search(text, line_start(text, position), position)
        quote = found.span() if found else (position, position)
    start, end = quote
    mark = text[start:end] or '"'
    if len(mark) == 1 and (sign in ("", "\n") or position > line_end(text, start)):
        position = line_end(text, start)
        curly = next((letter for letter in text[end:position] if letter in CURLY), None)
        hint = f" It ends with the sign with which it begins, and not with {curly}." if curly else ""
        message = f"The text is not closed on its line: its {mark} is missing.{hint}"
        return Fault(message, one(text, position), (quote,))
    if sign == "":
        position = len(text.rstrip())
        return Fault(f"The text is not closed: its {mark} is missing.", one(text, position), (quote,))
    if sign == "\r":
        return Fault("A text has no carriage return alone in it: write \\r, in double quotes.", one(text, position))
    message = f"A text has no control characters in it: write \\u{ord(sign):04x}, in double quotes."
    return Fault(message, one(text, position))


def control(text: str, position: int) -> Fault:
    """A sign that a comment, or a text in single quotes, cannot have."""
    start = line_start(text, position)
    if text[position : position + 1] != "\n" and "#" in text[start:position] and innermost(text, position) is None:
        return Fault("A comment has no control characters in it.", one(text, position))
    return string(text, position)


def escape(text: str, position: int) -> Fault:
    """A backslash begins nothing that there is."""
    start = text.rfind("\\", 0, position)
    letter = text[start + 1 : start + 2]
    end = min(start + 2, line_end(text, start))
    if letter in ("u", "U"):
        digits = "four" if letter == "u" else "eight"
        message = f"After \\{letter} stand the {digits} hexadecimal digits of a character."
    else:
        message = "A backslash in double quotes begins a sign such as \\n, and this is none."
    message += " A text in single quotes has its backslashes as they are"
    quote = innermost(text, position)
    whole = re.compile(r'"([^"\'\n]{,60})"').match(text, quote[0]) if quote and quote[1] == quote[0] + 1 else None
    return Fault(f"{message}: '{whole.group(1)}'." if whole else f"{message}.", (start, end))


def character(text: str, position: int) -> Fault:
    """The digits of a character are those of none."""
    return Fault("There is no character of this number.", (text.rfind("\\", 0, position), position))
