"""`run.lock.toml`: everything on which the bits of a run depend, to repeat it or to report what has changed."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tomli
from attrs import asdict

from hookline.errors.exceptions import HooklineError, LockError
from hookline.errors.text import enumerate_names
from hookline.files.atomic import write_file
from hookline.plugins.sources.fingerprint import of_text
from hookline.runs.plan.plan import Plan
from hookline.spec.dump import dumps
from hookline.spec.types import option_type

NAME = "run.lock.toml"

FORMAT = 2
"""The version of the format of a lock. Hookline reads no other version: a lock holds only for the same code."""

LARGEST = 2**24
"""The largest size of a lock in bytes."""

HEADER = """\
# Everything on which the results of this run depend. `hookline train --locked` with this directory repeats the run to
# the same bits, or reports what has changed since. For data that is not held in memory and has no fingerprint of its
# own, only the number of rows and the first 16 batches of each split are compared.

"""


def write(plan: Plan, spec: str, directory: Path) -> None:
    """Write the lock of a run; `spec` is the text of `spec.toml`."""
    write_file(directory / NAME, HEADER + dumps({"format": FORMAT, "spec": of_text(spec), **table(plan)}))


def table(plan: Plan) -> dict[str, Any]:
    """Convert a plan to tables, arrays, strings and numbers."""
    made = asdict(plan, filter=lambda _, value: value is not None)
    del made["columns"]  # The fingerprint of the data contains them.
    # Lists of tables are written on one line.
    return {**made, "stages": {stage: list(implementations) for stage, implementations in made["stages"].items()}}


def refuse_changes(directory: Path, plan: Plan, spec: str) -> None:
    """Raise a `LockError` if anything has changed since the run was trained."""
    if changed := changes(directory, plan, spec):
        raise LockError(directory, changed)


def changes(directory: Path, plan: Plan, spec: str) -> list[str]:
    """What has changed since the run was trained, as sentences.

    `spec` is the text of the spec to train, as it would be written to the directory of that run.

    Raises:
        HooklineError: if this is not a run directory.

    """
    return [sentence for _, sentence in changes_by_kind(read(directory), plan, spec)]


def changes_by_kind(lock: Mapping[str, Any], plan: Plan, spec: str) -> list[tuple[str, str]]:
    """What differs from a lock, as sentences, each with its kind.

    The kinds are "spec", "environment", "plugins", "data", "weights" and "stages".
    """
    found = list(_changes(lock, plan, spec))
    return found + [("stages", sentence) for sentence in _of_stages(lock["stages"], plan, is_reported=bool(found))]


def _changes(lock: Mapping[str, Any], plan: Plan, spec: str) -> Iterator[tuple[str, str]]:
    if lock["spec"] != of_text(spec):
        yield "spec", "The spec differs from the one that was trained."
    now = plan.environment
    for name, then in lock["environment"].items():
        if now.get(name) != then:
            yield "environment", f"{_NAMES.get(name, name)} was {then}; now it is {now.get(name, 'missing')}."
    yield from (("plugins", sentence) for sentence in _of_plugins(lock["plugins"], plan))
    if lock["data"] != plan.data:
        yield "data", "The data has changed."
    weights = [(made or {}).get("fingerprint") for made in (lock.get("initialized_from"), plan.initialized_from)]
    if weights[0] != weights[1]:
        yield "weights", "The weights that `initialize_from` loads have changed."
    for place, then in lock["files"].items():
        if plan.files.get(place) != then:
            yield "data", f"The data that {place} reads {'has changed' if place in plan.files else 'is missing'}."


_NAMES = {
    "python": "Python",
    "numpy": "NumPy",
    "hookline": "Hookline",
    "machine": "The machine",
    "cpu": "The CPU capability",
    "threads": "The number of threads",
    "device": "The device",
    "accelerator": "The accelerator",
}


def _of_plugins(then: list[Mapping[str, Any]], plan: Plan) -> Iterator[str]:
    now = {plugin.name: plugin for plugin in plan.plugins}
    for plugin in then:
        name = plugin["name"]
        used = now.pop(name, None)
        if used is None:
            file = plugin.get("file")
            how = f": pass the file {file} with -p" if file else ""
            yield f'The plugin "{name}" is no longer used{how}.'
        elif plugin.get("version") != used.version:
            yield f'The version of the plugin "{name}" was {plugin.get("version")}; now it is {used.version}.'
        elif plugin["fingerprint"] != used.fingerprint:
            what = "Hookline's own code" if name == "hookline" else f'The code of the plugin "{name}"'
            yield f"{what} has changed."
    for name in now:
        yield f'The plugin "{name}" is used, but was not before.'


def _of_stages(then: Mapping[str, list[Mapping[str, Any]]], plan: Plan, *, is_reported: bool) -> Iterator[str]:
    """Changes of the call order. If `is_reported`, omit added and removed plugins, which another change explains."""
    moves: dict[str, list[str]] = {}
    for stage, implementations in plan.stages.items():
        now = [one.plugin for one in implementations]
        before = [one["plugin"] for one in then.get(stage, [])]
        if sorted(now) == sorted(before) and now != before:
            moved = [(one, other) for one, other in zip(before, now, strict=True) if one != other]
            was, now_is = (enumerate_names(names, "then") for names in zip(*moved, strict=True))
            moves.setdefault(f"the call order was {was}; now it is {now_is}.", []).append(stage)
        elif now != before and not is_reported:
            yield f'In the stage "{stage}" {_listed(before)} was called; now it is {_listed(now)}.'
    for change, stages in moves.items():
        yield f"In the stage{'s' if len(stages) > 1 else ''} {enumerate_names(stages)} {change}"


def _listed(names: list[str]) -> str:
    return enumerate_names(names) if names else "no plugin"


def read(directory: Path) -> dict[str, Any]:
    """Read the lock of a run.

    Raises:
        HooklineError: if it does not exist, has another format, or has been edited.

    """
    path = directory / NAME
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise HooklineError(f"{path} is not a file.")  # Reading a pipe or a device may never end.
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise HooklineError(f"{path} has been changed: it is larger than {LARGEST // 2**20} MiB.")
        lock = tomli.loads(content.decode())
    except OSError as error:
        raise HooklineError(
            f"{path} cannot be read: {error.strerror}. Pass a run directory, which contains this file."
        ) from None
    except (ValueError, RecursionError) as error:  # Not TOML, not UTF-8, or a number with thousands of digits.
        raise HooklineError(f"{path} has been changed: {error}.") from None
    if lock.get("format") != FORMAT:
        raise HooklineError(
            f"{path} is not in the format of this version of Hookline: train the spec again to write a new lock."
        )
    for name, kind in _WANTED.items():
        if not option_type(kind).holds(_with_tuples(lock.get(name))):
            what = "is missing" if name not in lock else "has another type"
            raise HooklineError(f"{path} has been changed: `{name}` {what}.")
    for plugin in lock["plugins"]:
        if not {"name", "fingerprint"} <= plugin.keys():
            raise HooklineError(f"{path} has been changed: a plugin has no name or no fingerprint.")
    if not all("plugin" in one for implementations in lock["stages"].values() for one in implementations):
        raise HooklineError(f"{path} has been changed: an implementation of a stage has no plugin.")
    return lock


_WANTED = {
    "spec": str,
    "data": str,
    "environment": Mapping[str, str | int],
    "plugins": tuple[Mapping[str, str], ...],
    "stages": Mapping[str, tuple[Mapping[str, str | bool], ...]],
    "files": Mapping[str, str],
}
"""The required entries of a lock, and their types."""


def _with_tuples(value: Any) -> Any:
    """A TOML value with tuples for arrays, as in the types of options."""
    if isinstance(value, dict):
        return {key: _with_tuples(inner) for key, inner in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value
