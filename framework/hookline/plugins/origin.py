"""The origin of a plugin, for messages and for the lock of a run."""

import importlib
from functools import cached_property
from pathlib import Path

from attrs import frozen


@frozen(slots=False)
class Origin:
    """The name of a plugin and its source: a distribution, a file of your own, or an object passed from Python.

    >>> str(Origin("focal", distribution="hookline-focal", known_version="1.2"))
    '"focal" (hookline-focal 1.2)'
    """

    name: str
    """The name of the plugin: that of its entry point, file, module or class."""
    distribution: str | None = None
    """The installed distribution, if the plugin comes from one."""
    file: Path | None = None
    """The file, if the plugin is one."""
    sibling_files: tuple[Path, ...] = ()
    """The files that it imports from its directory."""
    entry_point: str | None = None
    """The module, or the object in it, that the distribution declares as its entry point."""
    known_version: str | None = None
    """The version of the distribution, if it is known already."""

    @cached_property
    def version(self) -> str | None:
        """The version of the distribution."""
        if self.known_version is not None or self.distribution is None:
            return self.known_version
        # Importing this takes as long as importing all built-in plugins together.
        return importlib.import_module("importlib.metadata").version(self.distribution)

    @property
    def is_built_in(self) -> bool:
        """Whether the plugin comes with Hookline."""
        return self.distribution == "hookline"

    @property
    def release(self) -> str:
        """The distribution with its version, or the file; empty for an object."""
        if self.distribution is not None:
            return f"{self.distribution} {self.version}"
        return "" if self.file is None else str(self.file)

    def __str__(self) -> str:
        return f'"{self.name}" ({self.release})' if self.release else f'"{self.name}"'
