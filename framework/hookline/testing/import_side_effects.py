"""Checks that importing a plugin has no side effects."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from hookline.testing.components_under_test import Plugin
from hookline.testing.outcomes import NotApplicable, refuse

INHERITED = (
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "PATH",
    "PYTHONPATH",
    "PYTHONPYCACHEPREFIX",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "USERPROFILE",
    "VIRTUAL_ENV",
)
"""The environment variables that a process needs to import modules."""

SCRIPT = Path(__file__).parent / "_import_probe.py"


def _noted(plugin: Plugin) -> dict[str, list[str]]:
    """The side effects of importing the plugin in a new process, by type."""
    if plugin.import_notes is None:
        plugin.import_notes = _import_alone(plugin)
    return plugin.import_notes


def _import_alone(plugin: Plugin) -> dict[str, list[str]]:
    """Import the plugin in a new process."""
    module = plugin.plugin if isinstance(plugin.plugin, ModuleType) else sys.modules[type(plugin.plugin).__module__]
    file = str(getattr(module, "__hookline_file__", None) or getattr(module, "__file__", None) or "")
    if not file:
        raise NotApplicable("The plugin is not in a file.")
    command = [sys.executable, "-B", str(SCRIPT), module.__name__, file, json.dumps(sys.path)]
    # Without changes that the plugin made when it was imported in this process.
    environment = {name: value for name, value in os.environ.items() if name in INHERITED}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - Ours.
    if done.returncode:
        refuse(f"{plugin.name} cannot be imported by itself. {done.stderr.strip().splitlines()[-1]}")
    noted: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return noted


def imports_without_torch(plugin: Plugin) -> None:
    """Check that importing the plugin does not import torch, which takes a second or more."""
    if places := _noted(plugin)["torch"]:
        refuse(
            f"Importing {plugin.name} imports torch, so every `hookline check` has to wait for it: import it inside "
            f"the functions that need it ({places[0]})."
        )


def imports_without_side_effects(plugin: Plugin) -> None:
    """Check that importing the plugin has no side effects."""
    if happened := _noted(plugin)["happened"]:
        refuse(
            f"Importing {plugin.name} has side effects, even for users who only check a spec: move them to `build` or "
            f"to a stage. {' '.join(happened)}"
        )
