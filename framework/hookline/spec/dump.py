"""Write a spec as TOML, complete with all defaults, and results as JSON."""

import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hookline.spec.options import Spec
from hookline.spec.walk import Keys, items

DEFAULT, NOT_SET = "# default", "is not set"

PLAIN = {bool, float, int, str}
"""The types of which TOML and JSON have equal arrays, if numbers are finite and all characters printable."""

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def own_name(kind: type[Spec]) -> str:
    """The name of a component's class, which is its `type` unless several plugins provide this name."""
    return kind.__name__


def dumps(
    spec: Spec | Mapping[str, Any],
    directory: Path = Path(),
    is_given: Callable[[Keys], bool] | None = None,
    name: Callable[[type[Spec]], str] = own_name,
) -> str:
    """The spec as TOML. Read from a file in `directory`, it is an equal spec.

    Options that are `None` are omitted, which has the same meaning. With `is_given`, which tells whether the option at
    a path was given, comments mark defaults and name options that are not set. `name` returns the `type` of a class, as
    `Catalog.name` does.
    """
    return "\n".join(_section(spec, (), (), directory, is_given, name)).strip("\n") + "\n"


def _section(
    value: Any,
    path: Keys,
    header: tuple[str, ...],
    directory: Path,
    is_given: Callable[[Keys], bool] | None,
    name: Callable[[type[Spec]], str],
) -> Iterator[str]:
    """The lines of a table: first its values, then its tables, each with a header."""
    inner: list[tuple[str, Any]] = []
    for key, option in _items(value, name):
        if option is None:
            if is_given:
                yield f"# {key} {NOT_SET}"
        elif _is_table(option) or (isinstance(option, tuple) and option and all(map(_is_table, option))):
            inner.append((key, option))
        else:
            comment = f"  {DEFAULT}" if is_given and not is_given((*path, key)) else ""
            yield f"{key_as_toml(key)} = {as_toml(plain(option, directory, name))}{comment}"
    for key, option in inner:
        names = (*header, key_as_toml(key))
        elements = enumerate(option) if isinstance(option, tuple) else [(None, option)]
        for index, element in elements:
            place = (*path, key) if index is None else (*path, key, index)
            text = ".".join(names)
            comment = f"  {DEFAULT}" if is_given and not is_given(place) else ""
            yield ""
            yield f"[{text}]{comment}" if index is None else f"[[{text}]]{comment}"
            yield from _section(element, place, names, directory, is_given, name)


def _is_table(value: Any) -> bool:
    return isinstance(value, (Spec, Mapping))


def _items(value: Any, name: Callable[[type[Spec]], str]) -> Iterator[tuple[Any, Any]]:
    """The keys and values of a spec or a table. The type comes first."""
    if isinstance(value, Spec) and value.family:
        yield "type", name(type(value))
    yield from items(value)


def plain(value: Any, directory: Path, name: Callable[[type[Spec]], str] = own_name) -> Any:
    """A spec, or a value in one, as tables, arrays, strings, numbers and booleans; paths relative to `directory`."""
    if isinstance(value, Spec):
        return {key: plain(option, directory, name) for key, option in _items(value, name) if option is not None}
    if isinstance(value, (tuple, list)):
        if set(map(type, value)) <= PLAIN:
            return list(value)
        return [plain(element, directory, name) for element in value]
    if isinstance(value, Mapping):
        return {key: plain(element, directory, name) for key, element in value.items()}
    if isinstance(value, Path):
        return os.path.relpath(value, Path(directory).resolve())
    return value


def as_toml(value: Any) -> str:
    """A value as TOML in one line.

    >>> as_toml({"lr": 0.1, "two words": [1, True, "x"]})
    '{ lr = 0.1, "two words" = [1, true, "x"] }'
    """
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key_as_toml(key)} = {as_toml(element)}" for key, element in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (list, tuple)):
        if set(map(type, value)) <= PLAIN:  # They may be long, such as the targets of rows.
            with suppress(ValueError):
                if (text := _JSON.encode(value)).isprintable():
                    return text
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    # TOML has the escapes of JSON. Other unprintable characters could control a terminal.
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(letter: str) -> str:
    if letter.isprintable():
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) < 2**16 else f"\\U{ord(letter):08x}"


def key_as_toml(key: str) -> str:
    """A key of TOML, in quotes if it needs them."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else as_toml(key)


def to_json(value: Any, indent: int | None = None) -> str:
    """JSON in which numbers that are not finite are `null`, because JSON has no infinity."""

    def finite(value: Any) -> Any:
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if isinstance(value, Mapping):
            return {key: finite(element) for key, element in value.items()}
        if isinstance(value, (list, tuple)):
            return [finite(element) for element in value]
        return value

    if indent is None:
        try:
            return _JSON.encode(value)
        except (TypeError, ValueError):  # A number is not finite, or a mapping is not a dictionary.
            return _JSON.encode(finite(value))
    return json.dumps(finite(value), indent=indent, ensure_ascii=False, allow_nan=False)
