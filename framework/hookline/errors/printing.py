"""All output of Hookline passes through here, so that text from files and plugins cannot control a terminal.

Control characters could move the cursor, change the title or overwrite earlier lines, and characters for right-to-left
text could reorder a sentence. They are printed as escape sequences. Nothing in the framework and its plugins calls
`print`; ruff's rule T201 enforces this.
"""

import json
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TextIO

_NOT_PRINTED = re.compile(r"[^\x20-\x7e\n]+")
"""Text that may need to be escaped: everything but plain ASCII."""

_WORKFLOW_COMMAND = re.compile(r"^( *):(?=:)|#(?=#\[)", re.MULTILINE)
"""Text that GitHub's runner would interpret as a command in a log: see `hookline check --format github`."""


def printable(text: str) -> str:
    r"""The text on one line, with escape sequences for characters that would control a terminal or reorder text.

    >>> print(printable("one\ntwo\x1b[2J"))
    one\ntwo\x1b[2J
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def printable_lines(text: str) -> str:
    r"""The same for text of several lines. The line breaks remain, and no line can be a command for GitHub's runner.

    >>> print(printable_lines("one\x1b\n::warning::two"))
    one\x1b
    \x3a:warning::two
    """
    escaped = _NOT_PRINTED.sub(lambda found: printable(found[0]), text)
    return _WORKFLOW_COMMAND.sub(lambda found: f"{found[1]}\\x3a" if found[0][-1] == ":" else "\\x23", escaped)


def echo(*lines: object, file: "TextIO | None" = None, end: str = "\n", flush: bool = False) -> None:
    """Print each argument on its own line, to standard output unless another file is given."""
    stream = sys.stdout if file is None else file
    if lines:
        stream.write("\n".join(printable_lines(str(line)) for line in lines) + end)
    if flush:
        stream.flush()


def echo_json(value: Any, indent: int) -> None:
    """Print a value as JSON. Characters that would control a terminal become JSON escape sequences."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    sys.stdout.write(_NOT_PRINTED.sub(lambda found: escaped_in_string(found[0]), text) + "\n")


def escaped_in_string(text: str) -> str:
    r"""Text inside a JSON string, with \uXXXX for characters that would control a terminal.

    >>> print(escaped_in_string("é\x9b\U000e0001"))
    é\u009b\udb40\udc01
    """
    return "".join(letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1] for letter in text)
