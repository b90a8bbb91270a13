"""Options with one value for all groups of inputs or all targets, or one value by name."""

from collections.abc import Mapping
from typing import Literal, TypeVar

from hookline.errors import MismatchError

Value = TypeVar("Value")
Patterns = str | tuple[str, ...]
DType = Literal["float32", "float64", "int64"]
Standardize = bool | Literal["together"] | Mapping[str, bool]


def named(patterns: Patterns | Mapping[str, Patterns] | None, alone: str) -> dict[str, tuple[str, ...]]:
    """Return the names and patterns by group; a single group gets the name `alone`."""
    if patterns is None:
        return {}
    groups = patterns if isinstance(patterns, Mapping) else {alone: patterns}
    return {name: (several,) if isinstance(several, str) else several for name, several in groups.items()}


def of_group(given: Value | Mapping[str, Value], group: str, default: Value) -> Value:
    """Return the value of an option for a group."""
    return given.get(group, default) if isinstance(given, Mapping) else given


def dtype_of_group(given: DType | Mapping[str, DType] | None, group: str, run: str) -> str:
    """Return the type of a group of inputs; `run` is the floating-point type of the run.

    Raises:
        MismatchError: If the option sets another floating-point type.

    """
    dtype = of_group(given, group, None) or run
    if dtype not in (run, "int64"):
        path = ("data", "dtype", *([group] if isinstance(given, Mapping) else ()))
        message = f'The model computes in {run}: remove `dtype` here, or set `dtype = "{dtype}"` in [run].'
        raise MismatchError(message, path)
    return dtype
