"""From a TOML file to a document, the plain tables that TOML has: reading the text, and `--set`.

A document knows nothing of components. `reading` makes a spec of it.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import tomli
from attrs import frozen

from hookline.errors import HooklineError, Problem, SpecError

Table = dict[str, Any]


@frozen
class Document:
    """A spec as TOML says it."""

    table: Table
    """The root table."""
    source: str
    """What to call it in messages: the path of the file, as it was given."""
    directory: Path
    """What relative paths in it are relative to."""


def read(path: str | Path) -> Document:
    """The document in a file.

    Raises:
        HooklineError: if the file cannot be read.
        SpecError: if it is not TOML, with line and column.

    """
    source = str(path)
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise HooklineError(f"{source}: There is no such file.") from None
    except OSError as error:
        raise HooklineError(f"{source}: The file cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise HooklineError(f"{source}: The file is not text in UTF-8: byte {error.start} is wrong.") from None
    try:
        table = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise SpecError([Problem(f"{place}: This is not TOML: {error.msg}.")], source) from None
    except ValueError as error:  # An integer of more digits than Python reads.
        raise SpecError([Problem(f"This is not TOML: {error}.")], source) from None
    except RecursionError:
        raise SpecError([Problem("This is not a spec: it is nested too deeply.")], source) from None
    # A file that names no run is called as the file. It is part of the document, so that what is kept names it.
    if isinstance(run := table.setdefault("run", {}), dict):
        run.setdefault("name", _plain_name(Path(path).stem))
    return Document(table, source, Path(path).resolve().parent)


def from_table(table: Mapping[str, Any]) -> Document:
    """A document from Python, with paths relative to the current directory."""
    return Document(deepcopy(dict(table)), "spec", Path.cwd())


def override(document: Document, overrides: Iterable[str]) -> None:
    """Apply changes of single values to the document, each as `optimizer.lr=0.01`, one after another.

    Raises:
        SpecError: if one is no path and value, or if its path leads nowhere.

    """
    for change in overrides:
        _apply(change, document.table)


def _plain_name(stem: str) -> str:
    name = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-.") else "_" for letter in stem)
    return name.lstrip("-.") or "run"


def _apply(change: str, table: Table) -> None:
    """Change one value of the table, as `optimizer.lr=0.01` or `model.layers.0.out_features=8` says."""

    def refused(message: str) -> SpecError:
        return SpecError([Problem(message)], f"--set {change}")

    path, value = _split(change)
    if not path:
        raise refused("This is not a path and a value, such as optimizer.lr=0.01.")
    place: Any = table
    for depth, key in enumerate(path):
        index: Any = key
        if isinstance(place, list):
            if not key.isdecimal() or int(key) >= len(place):
                raise refused(f'"{key}" is not the place of an element: there are {len(place)}, counted from 0.')
            index = int(key)
        elif isinstance(place, dict):
            place.setdefault(key, {})
        else:
            raise refused(f'"{path[depth - 1]}" is a value, so that nothing in it can be set.')
        if depth == len(path) - 1:
            place[index] = value
        else:
            place = place[index]


def _split(change: str) -> tuple[list[str], Any]:
    """The path and the value of a change, the path empty if there is none. TOML itself takes both apart."""
    for equals in (index for index, letter in enumerate(change) if letter == "="):
        place: Any
        try:
            place = tomli.loads(f"{change[:equals]}=0")
        except tomli.TOMLDecodeError:
            continue  # This equals sign is part of a quoted key.
        path: list[str] = []
        while isinstance(place, dict):
            if len(place) != 1:
                return [], None  # It is a comment, or several lines.
            [(key, place)] = place.items()
            path.append(key)
        text = change[equals + 1 :]
        try:
            value = tomli.loads(f"value={text}")
        except tomli.TOMLDecodeError:
            return path, text.strip()  # A bare word is a string: nobody wants to quote quotes for a shell.
        return (path, value["value"]) if list(value) == ["value"] else ([], None)
    return [], None
