"""Options that say something of all groups of inputs, or of all targets, or of each by its name."""

from collections.abc import Mapping
from typing import Literal, TypeVar

from hookline.errors import MisfitError

Value = TypeVar("Value")
Patterns = str | tuple[str, ...]
DType = Literal["float32", "float64", "int64"]
Standardize = bool | Literal["together"] | Mapping[str, bool]


def named(patterns: Patterns | Mapping[str, Patterns] | None, alone: str) -> dict[str, tuple[str, ...]]:
    """The names and patterns by group; `alone` is what it is called if there is one."""
    if patterns is None:
        return {}
    groups = patterns if isinstance(patterns, Mapping) else {alone: patterns}
    return {name: (several,) if isinstance(several, str) else several for name, several in groups.items()}


def of_group(given: Value | Mapping[str, Value], group: str, default: Value) -> Value:
    """What an option says of a group, if it says something of all or by group."""
    return given.get(group, default) if isinstance(given, Mapping) else given


def dtype_of_group(given: DType | Mapping[str, DType] | None, group: str, run: str) -> str:
    """The type of a group of inputs in a run with floating-point numbers of the type `run`.

    Raises:
        MisfitError: if it is to have another floating-point type than the run.

    """
    dtype = of_group(given, group, None) or run
    if dtype not in (run, "int64"):
        path = ("data", "dtype", *([group] if isinstance(given, Mapping) else ()))
        message = f'The model computes in {run}: leave `dtype` out here, or set `dtype = "{dtype}"` in [run].'
        raise MisfitError(message, path)
    return dtype
