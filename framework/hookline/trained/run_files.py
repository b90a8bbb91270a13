"""Find the directory of a finished run, and check its files before they are used."""

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from hookline.errors.exceptions import HooklineWarning, RunError
from hookline.errors.text import counted
from hookline.plugins.trial import State
from hookline.runs import directory as directories, examples, lock, manifest
from hookline.runs.checkpoints import store
from hookline.runs.manifest import Manifest
from hookline.runs.run_paths import refuse_other_paths
from hookline.runs.trials import ChosenTrial

NUMBERS = ("epoch", "step", "is_mean", "finite")
"""The entries about the weights that are integers or booleans."""

AT_ONCE = (directories.SPEC, lock.NAME, directories.DATA, directories.RESULT)
"""The files whose content is checked when a run is opened; the others are checked when they are read."""


def checked(home: Path) -> Manifest:
    """Return the manifest of a finished run, after the files have been checked.

    Raises:
        RunError: If this is not the directory of a run that has ended, or if a file is missing or damaged.

    """
    try:
        refuse_other_paths(home)
        if not (home / directories.RESULT).is_file():
            _refuse_missing_result(home)
        if not (home / manifest.NAME).is_file():
            _refuse_missing_manifest(home)
        known = manifest.read(home)
        known.check_sizes()
        for name in AT_ONCE:
            known.check(name)
    except OSError as error:  # Such as a directory that this user may not enter, or a name that is too long.
        raise RunError(f"{home}: The directory cannot be read: {error.strerror}.") from None
    return known


def warn_of_unknown(chosen: ChosenTrial) -> None:
    """Issue a warning if trials without a readable result were not compared with the best one."""
    if not chosen.unknown:
        return
    first, *others = chosen.unknown
    these = f"trial {first} has" if not others else f"{counted(len(chosen.unknown), 'trial')}, such as {first}, have"
    message = (
        f"{chosen.directory}: This is the best trial with a result, but {these} none: the training has not ended, its "
        "process was killed, or a file is damaged."
    )
    warnings.warn(HooklineWarning(message, id="unusable-run"), stacklevel=3)


def refuse_other_result(result: Mapping[str, Any]) -> None:
    """Raise a `KeyError`, `TypeError` or `ValueError` if a table is not the content of `result.json`."""
    if result["state"] not in get_args(State):
        raise ValueError(f'"{result["state"]}" is not a state')
    weights = result["weights"]
    if not isinstance(weights["source"], str) or not all(isinstance(weights[name], int) for name in NUMBERS):
        raise TypeError("`weights` has another type")
    for numbers in (*result["metrics"].values(), *(split["metrics"] for split in result["logged"].values())):
        if not all(isinstance(value, (float, int, NoneType)) for value in numbers.values()):
            raise TypeError("a metric is not a number")
    if not all(name in result for name in ("error", "epochs", "steps", "seconds", "notes", "deployed")):
        raise KeyError("an entry is missing")


def _refuse_missing_result(home: Path) -> None:
    known = manifest.read(home).files if (home / manifest.NAME).is_file() else {}
    if directories.RESULT in known:
        raise RunError(f"{home / directories.RESULT}: The file is missing. {manifest.REMEDY}")
    epochs = sum(1 for _ in _lines(home / directories.LOG))
    logged = f" Its log has {counted(epochs, 'epoch')}." if epochs else ""
    again = f"resume it with `hookline resume {home}`"
    if not store.all_of(home):
        again = f"train it again with `hookline train {home / directories.SPEC}`"
    raise RunError(
        f"{home}: The run has not ended, or its process was killed: there is no {directories.RESULT}, which is written "
        f"at the end, and there may be no weights.{logged} Wait until it ends, or {again}."
    )


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from file
    except OSError:
        return


def _refuse_missing_manifest(home: Path) -> None:
    again = f"Train it again with `hookline train {home / directories.SPEC}`."
    if not (home / directories.DATA).is_file():
        raise RunError(
            f"{home}: An earlier version of Hookline wrote this run: it has no {directories.DATA}, the description of "
            f"the data, without which new rows cannot be prepared. {again}"
        )
    raise RunError(
        f"{home}: There is no {manifest.NAME}, which is written last: the process was killed while it wrote the "
        f"results, or the file was deleted. {again}"
    )


@contextmanager
def refusing_unreadable(path: Path) -> Iterator[None]:
    """Turn errors about the content of a file into a `RunError` that names it."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, OverflowError) as error:
        reason = f"{type(error).__name__}: {error}".rstrip(":. ")
        raise RunError(f"{path}: The file cannot be used: it does not have the expected content ({reason}).") from None


def json_of(files: Manifest, name: str) -> Mapping[str, Any]:
    """Return the content of a JSON file of a run, after the file has been checked."""
    path = files.checked(name)
    with refusing_unreadable(path):
        return dict(json.loads(path.read_text(encoding="utf-8")))


def kept_examples(files: Manifest) -> Any:
    """Return the example rows that a run has kept; `None` if it has kept none.

    Raises:
        RunError: If their file is damaged.

    """
    with refusing_unreadable(files.directory / "examples"):
        return examples.read(files)
