"""Compare the plugins of a finished run with those that are used now."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hookline.check.load import Loader
from hookline.check.toml.document import Document
from hookline.errors.exceptions import HooklineWarning, RunError, SpecError
from hookline.errors.text import enumerate_names
from hookline.plugins.manager import Plugins, callback_name
from hookline.plugins.sources.fingerprint import fingerprint
from hookline.plugins.sources.local import with_origins
from hookline.runs import lock as locks
from hookline.spec.families.callback import WrapperSpec
from hookline.spec.training import TrainingSpec

NEEDED = ("prepare_data", "build_model", "select_loss", "forward", "loss", "predict", "evaluate")
"""The stages of a finished run: a plugin that implements one of them must be there."""

OF_MODEL = ("build_model", "select_loss", "forward", "loss", "predict")
"""The stages of predictions: a callback that wraps one of them may change the model."""

Locked = Mapping[str, Any]
"""A plugin in the lock of a run."""


def refuse_missing(lock: Mapping[str, Any], extra: Sequence[object], home: Path, *, all_of_them: bool = False) -> None:
    """Raise a `RunError` if a plugin of the run is missing.

    Args:
        lock: the lock of the run.
        extra: the modules and objects that are passed now.
        home: the directory of the run.
        all_of_them: whether a plugin counts that implements none of the stages of a finished run; it may have
            components that the spec uses.

    """
    missing = [plugin for plugin in lock["plugins"] if _is_not_installed(plugin)]
    if missing:
        names = enumerate_names(plugin["name"] for plugin in missing)
        is_or_are = "is" if len(missing) == 1 else "are"
        plural = "" if len(missing) == 1 else "s"
        raise RunError(
            f"{home}: The run used the plugin{plural} {names}, which {is_or_are} not installed. Install what it used "
            f"with `{_command(missing)}`."
        )
    passed = {origin.name for origin, _ in with_origins(extra)}
    for plugin in lock["plugins"]:
        is_passed = plugin.get("distribution") is not None or plugin["name"] in passed
        if not is_passed and (all_of_them or _is_needed(plugin["name"], lock)):
            raise RunError(f"{home}: {_way_to_pass(plugin, home)}")


def load_spec(loader: Loader, document: Document, home: Path, *, with_data: bool = False) -> TrainingSpec:
    """Load the spec of a run.

    Raises:
        RunError: If it has problems, and a plugin of the run is missing, which probably causes them.
        SpecError: If it has problems.

    """
    try:
        return loader.load(document, with_data=with_data)
    except SpecError:
        if (home / locks.NAME).is_file():
            refuse_missing(locks.read(home), loader.extra, home, all_of_them=True)
        raise


def refuse_other_versions(lock: Mapping[str, Any], home: Path) -> None:
    """Raise a `RunError` if an installed plugin has another version than in the training.

    Hookline itself, with its built-in plugins, is not meant.
    """
    others = [
        (plugin, here)
        for plugin in lock["plugins"]
        if plugin["name"] != "hookline" and (here := _installed(plugin)) not in (None, plugin.get("version"))
    ]
    if others:
        used = " ".join(
            f'The run used version {plugin.get("version")} of the plugin "{plugin["name"]}", but {here} is installed.'
            for plugin, here in others
        )
        raise RunError(
            f"{home}: {used} Another version may predict something else. Install what the run used with "
            f"`{_command([plugin for plugin, _ in others])}`, or accept the change with `--accept-changed-plugins`, in "
            f"Python with `hookline.open_run(..., accept_changed_plugins=True)`."
        )


def warn_of_changes(lock: Mapping[str, Any], plugins: Plugins, home: Path) -> None:
    """Issue a warning for each plugin that has another version, or other code, than in the training."""
    for sentence in _changes(lock, plugins):
        message = f"{home}: {sentence} Its answers may differ from those in training."
        warnings.warn(HooklineWarning(message, id="changed-plugin"), stacklevel=4)


def part_of_model(callbacks: Sequence[WrapperSpec], lock: Mapping[str, Any]) -> tuple[WrapperSpec, ...]:
    """Return the callbacks that predictions need: as they declare, or as follows from the stages that they wrapped."""
    wrapping = {one["plugin"] for stage in OF_MODEL for one in lock["stages"].get(stage, ())}

    def is_part(index: int, callback: WrapperSpec) -> bool:
        declared = callback.is_part_of_model
        return callback_name(index, callback) in wrapping if declared is None else declared

    return tuple(callback for index, callback in enumerate(callbacks) if is_part(index, callback))


def _is_not_installed(plugin: Locked) -> bool:
    return plugin.get("distribution") is not None and _installed(plugin) is None


def _installed(plugin: Locked) -> str | None:
    """The version of a plugin that is installed; `None` if it is not installed, or comes from a file or an object."""
    try:
        return version(plugin["distribution"]) if plugin.get("distribution") is not None else None
    except PackageNotFoundError:
        return None


def _command(plugins: Sequence[Locked]) -> str:
    """The command that installs the versions that a run used."""
    releases = dict.fromkeys(f'"{plugin["distribution"]}=={plugin.get("version")}"' for plugin in plugins)
    return f"pip install {' '.join(releases)}"


def _is_needed(name: str, lock: Mapping[str, Any]) -> bool:
    return any(one["plugin"] == name for stage in NEEDED for one in lock["stages"].get(stage, ()))


def _way_to_pass(plugin: Locked, home: Path) -> str:
    file = plugin.get("file")
    if file is None:
        return (
            f'The run used the object or module "{plugin["name"]}" as a plugin: pass it in Python with '
            f"`hookline.open_run(..., plugins=[...])`."
        )
    copies = sorted((home / "plugins").rglob(file), key=lambda path: len(path.parts))
    path = copies[0] if copies else Path(file)
    return (
        f"The run used the plugin file {file}. Code in a run directory is never run on its own: pass the file with "
        f"`-p {path}`, or in Python the imported module with `plugins=[{path.stem}]`."
    )


def _changes(lock: Mapping[str, Any], plugins: Plugins) -> Iterator[str]:
    now = {origin.name: (origin, plugin) for origin, plugin in plugins.added}
    for then in lock["plugins"]:
        if then["name"] == "hookline":
            here = version("hookline")
            if then.get("version") != here:
                yield f"The run was trained with Hookline {then.get('version')}; this is Hookline {here}."
        elif then["name"] in now:
            origin, plugin = now[then["name"]]
            if then.get("version") != origin.version:
                yield f'The plugin "{origin.name}" had the version {then.get("version")}; now it is {origin.version}.'
            elif then["fingerprint"] != fingerprint(plugin, origin.distribution):
                yield f'The code of the plugin "{origin.name}" has changed since the training.'
