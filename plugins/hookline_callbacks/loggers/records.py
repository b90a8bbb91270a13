"""Functions shared by loggers."""

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from numbers import Real
from typing import Any

from hookline import Run
from hookline.errors import MismatchError
from hookline.spec import CallbackSpec, to_json


def numbers(record: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a record by name, without the step. NaN is a number, `None` is not."""
    return {name: float(value) for name, value in record.items() if name != "step" and isinstance(value, Real)}


def as_text(value: object) -> str:
    """Return a value as text, with all digits of a float.

    >>> [as_text(value) for value in ("Adam", 0.1, float("nan"), 3, True, None, (1, 2))]
    ['Adam', '0.1', 'nan', '3', 'true', '', '[1, 2]']
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return float.__repr__(value) if isinstance(value, float) else to_json(value)


def require(callback: CallbackSpec, packages: Iterable[str], extra: str, run: Run) -> None:
    """Raise a `MismatchError` unless these packages are installed, without importing them."""
    missing = [package for package in packages if not _is_installed(package)]
    if missing:
        message = f'{type(callback).__name__} needs {" and ".join(missing)}: pip install "hookline[{extra}]".'
        raise MismatchError(message, run.spec.place_of(callback))


def _is_installed(package: str) -> bool:
    # A plain folder of this name, such as the `wandb` directory that wandb creates, has no origin.
    found = find_spec(package)
    return found is not None and found.origin is not None
