"""From a spec to TOML, complete, with every default filled in; and JSON for results."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import fields

from hookline.options import Spec


def dumps(spec: Spec, directory: Path) -> str:
    """The spec as TOML, which is read back as an equal spec from a file in `directory`.

    Options that are `None` have no place in TOML: they are left out, which says the same.
    """
    import tomli_w

    return tomli_w.dumps(plain(spec, directory))


def plain(value: Any, directory: Path) -> Any:
    """A spec, or a value in one, as tables, arrays, strings, numbers and booleans; paths relative to `directory`."""
    if isinstance(value, Spec):
        table = {"type": type(value).__name__} if value.family else {}
        for attribute in fields(type(value)):
            option = getattr(value, attribute.name)
            if option is not None:
                table[attribute.name] = plain(option, directory)
        return table
    if isinstance(value, (tuple, list)):
        return [plain(element, directory) for element in value]
    if isinstance(value, Mapping):
        return {key: plain(element, directory) for key, element in value.items()}
    if isinstance(value, Path):
        return os.path.relpath(value, Path(directory).resolve())
    return value


def to_json(value: Any, indent: int | None = None) -> str:
    """JSON, in which a number that is not finite is `null`, since JSON has no other way to say it."""

    def finite(value: Any) -> Any:
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if isinstance(value, Mapping):
            return {key: finite(element) for key, element in value.items()}
        if isinstance(value, (list, tuple)):
            return [finite(element) for element in value]
        return value

    return json.dumps(finite(value), indent=indent, ensure_ascii=False, allow_nan=False)
