"""What the file system and Arrow say of a file, in sentences."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.errors import DataError

if TYPE_CHECKING:
    import pyarrow


CHANGED = "The file has changed since the names of its columns were read: one is no longer there."
"""What to say of a file that somebody writes while it is read."""


@contextmanager
def as_sentences(path: Path, sentence: "Callable[[Path, pyarrow.ArrowException], DataError]") -> Iterator[None]:
    """Errors of the file system with the file's name; and those of Arrow as `sentence` says them."""
    try:
        yield
    except FileNotFoundError:
        raise DataError("There is no such file.", file=path) from None
    except UnicodeDecodeError:
        raise DataError("The file is not text in UTF-8.", file=path) from None
    except OSError as error:
        raise DataError(f"The file cannot be read: {one_line(error.strerror or error)}.", file=path) from None
    except Exception as error:
        # Whoever has not imported pyarrow is not to wait for it.
        pyarrow = sys.modules.get("pyarrow")
        if pyarrow is None or not isinstance(error, pyarrow.ArrowException):
            raise
        raise sentence(path, error) from None


def one_line(message: object) -> str:
    """A message without line breaks and without its full stop."""
    return " ".join(str(message).split()).rstrip(".")
