"""Checks of what happens when a plugin is imported: nothing but that."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from hookline.testing.outcomes import NotApplicable, refuse
from hookline.testing.subjects import Plugin

INHERITED = (
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "PATH",
    "PYTHONPATH",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "USERPROFILE",
    "VIRTUAL_ENV",
)
"""The environment variables that a process needs for importing."""

SCRIPT = Path(__file__).parent / "_import_probe.py"


def _noted(plugin: Plugin) -> dict[str, list[str]]:
    """What has happened while it was imported in a process of its own, by kind."""
    module = plugin.plugin if isinstance(plugin.plugin, ModuleType) else sys.modules[type(plugin.plugin).__module__]
    file = str(getattr(module, "__hookline_file__", None) or getattr(module, "__file__", None) or "")
    if not file:
        raise NotApplicable("It is not in a file.")
    command = [sys.executable, "-B", str(SCRIPT), module.__name__, file, json.dumps(sys.path)]
    # Without what the plugin may have changed when it was imported here.
    environment = {name: value for name, value in os.environ.items() if name in INHERITED}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - Ours.
    if done.returncode:
        refuse(f"{plugin.name} cannot be imported by itself. {done.stderr.strip().splitlines()[-1]}")
    noted: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return noted


def does_without_torch(plugin: Plugin) -> None:
    """Whether it is imported without torch, which takes a second or more."""
    if places := _noted(plugin)["torch"]:
        refuse(
            f"{plugin.name} imports torch when it is itself imported, so that every `hookline check` waits for it: "
            f"import it inside of the functions that need it ({places[0]})."
        )


def does_nothing_when_imported(plugin: Plugin) -> None:
    """Whether nothing happens when it is imported."""
    if happened := _noted(plugin)["happened"]:
        refuse(
            f"{plugin.name} does something when it is imported, and specs are read by people who do not train: do it "
            f"in `build`, or in a stage. {' '.join(happened)}"
        )
