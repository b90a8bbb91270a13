"""Read the text of a file, within limits, or report what is wrong with the file."""

import codecs
from collections.abc import Iterable
from pathlib import Path

from hookline.check.toml import not_specs
from hookline.check.toml.quotable import homes, is_quotable
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import FileError, SpecError
from hookline.errors.source import Place, Source

LARGEST = 2**18
"""The maximum size of a spec in bytes, with all files that it extends. A spec of a hundred layers has ten thousand."""


def file_source(path: str | Path, quoted: Iterable[str] | None = None) -> Source:
    """The text of a file; `quoted` are the directories whose specs may be quoted, by default those of the file itself.

    Raises:
        FileError: if it cannot be read.
        SpecError: if it is too large or not text.

    """
    name = str(path)
    try:
        if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
            raise FileError(name, "This is not a file.")  # A pipe may have no end.
        if Path(path).is_dir():
            raise FileError(name, not_specs.directory(name))
        with Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise FileError(name, not_specs.missing(name)) from None
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL.
        reason = getattr(error, "strerror", None) or str(error)
        raise FileError(name, f"The file cannot be read: {reason}.") from None
    if (sentence := not_specs.what_it_is(name, content)) is not None:
        raise FileError(name, sentence)
    is_quoted = is_quotable(path, homes(path) if quoted is None else quoted)
    return source_of(content, name, Path(path).resolve().parent, is_quotable=is_quoted)


def source_of(content: bytes, name: str, directory: Path, *, is_quotable: bool = True) -> Source:
    """The text of a file with this content and name.

    Raises:
        SpecError: if it is too large or not text.

    """
    if len(content) > LARGEST:
        start = Place(Source(name, "", directory, is_quotable), 0, 0)
        message = f"This is not a spec: the file has more than {LARGEST // 1024} KiB."
        raise SpecError([Diagnostic("size-limit", message, place=start)], name)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # As PowerShell writes it.
        start = Place(Source(name, "", directory, is_quotable), 0, 0)
        found = Diagnostic("not-text", "The file is text in UTF-16.", help="Save it in UTF-8.", place=start)
        raise SpecError([found], name)
    try:
        return Source(name, _line_breaks(content.decode("utf-8-sig")), directory, is_quotable)
    except UnicodeDecodeError as error:
        before = _line_breaks(content[: error.start].decode())
        after = _line_breaks(content[error.start :].decode(errors="replace"))
        text = Source(name, before + after, directory, is_quotable)
        place = Place(text, len(before), len(before) + 1)
        message, help_text = "The file is not text in UTF-8.", f"Byte {error.start} is invalid."
        raise SpecError([Diagnostic("not-text", message, help=help_text, place=place)], name) from None


def _line_breaks(text: str) -> str:
    return text.replace("\r\n", "\n")
