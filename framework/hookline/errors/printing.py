"""The door for everything that Hookline prints: text from files, plugins and packages cannot control a terminal.

Control characters could move the cursor, change the title or rewrite lines that are there already, and characters for
right-to-left text could show a sentence in another order than it has. They are printed as numbers. Nothing in the
framework and its plugins calls `print`: ruff's rule T201 holds that.
"""

import json
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TextIO

_NOT_PRINTED = re.compile(r"[^\x20-\x7e\n]+")
"""What may need to be escaped: anything else than plain ASCII."""

_WORKFLOW_COMMAND = re.compile(r"^( *):(?=:)|#(?=#\[)", re.MULTILINE)
"""What makes GitHub's runner take a line of a log for a command: see `hookline check --format github`."""


def printable(text: str) -> str:
    r"""The text on one line, with a number for each character that would control a terminal or the order of text.

    >>> print(printable("one\ntwo\x1b[2J"))
    one\ntwo\x1b[2J
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def printable_lines(text: str) -> str:
    r"""The same for text of several lines, which stay lines. None of them can be a command of GitHub's runner.

    >>> print(printable_lines("one\x1b\n::warning::two"))
    one\x1b
    \x3a:warning::two
    """
    escaped = _NOT_PRINTED.sub(lambda found: printable(found[0]), text)
    return _WORKFLOW_COMMAND.sub(lambda found: f"{found[1]}\\x3a" if found[0][-1] == ":" else "\\x23", escaped)


def tell(*lines: object, file: "TextIO | None" = None, end: str = "\n", flush: bool = False) -> None:
    """Print each of these on a line of its own, to standard output unless another file is given."""
    stream = sys.stdout if file is None else file
    if lines:
        stream.write("\n".join(printable_lines(str(line)) for line in lines) + end)
    if flush:
        stream.flush()


def tell_json(value: Any, indent: int) -> None:
    """Print a value as JSON, which stays the same JSON: what would control a terminal is escaped as JSON does it."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    sys.stdout.write(_NOT_PRINTED.sub(lambda found: escaped_in_string(found[0]), text) + "\n")


def escaped_in_string(text: str) -> str:
    r"""Text inside of a string of JSON, with \uXXXX for what would control a terminal.

    >>> print(escaped_in_string("é\x9b\U000e0001"))
    é\u009b\udb40\udc01
    """
    return "".join(letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text)
