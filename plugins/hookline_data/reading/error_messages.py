"""Turn errors of the file system and of Arrow into messages."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hookline.errors import DataError, no_such_file

if TYPE_CHECKING:
    import pyarrow


P = TypeVar("P", bound=Path | str)

CHANGED = "The file has changed since its column names were read: a column is missing now."
"""The message for a file that changes while it is read."""


@contextmanager
def as_sentences(path: P, sentence: "Callable[[P, pyarrow.ArrowException], DataError]") -> Iterator[None]:
    """Raise errors of the file system with the file's name, and those of Arrow as returned by `sentence`."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(no_such_file(path), file=path) from None
    except IsADirectoryError:
        raise DataError("This is a directory, not a file.", file=path) from None
    except UnicodeDecodeError:
        raise DataError("The file is not UTF-8 text.", file=path) from None
    except OSError as error:
        raise DataError(f"The file cannot be read: {one_line(error.strerror or error)}.", file=path) from None
    except Exception as error:
        # Do not import pyarrow only to compare types.
        pyarrow = sys.modules.get("pyarrow")
        if pyarrow is None or not isinstance(error, pyarrow.ArrowException):
            raise
        raise sentence(path, error) from None


def one_line(message: object) -> str:
    """Return a message without line breaks and final period."""
    return " ".join(str(message).split()).rstrip(".")
