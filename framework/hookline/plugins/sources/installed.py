"""Installed plugins: listed without importing them, and imported when a spec lists them."""

import importlib
import re
from collections.abc import Iterable
from functools import cached_property
from operator import attrgetter

from hookline.errors.exceptions import HooklineError, PluginError
from hookline.errors.failures import FAILURES, reason
from hookline.errors.suggestions import did_you_mean
from hookline.plugins.origin import Origin
from hookline.plugins.sources.entry_points import EntryPoint, entry_points
from hookline.plugins.stages import PROJECT


class InstalledPlugins:
    """The plugins of the distributions in this environment.

    The search runs on first use, so specs without plugins do not pay for it.
    """

    @cached_property
    def _points(self) -> dict[str, list[EntryPoint]]:
        found: dict[str, list[EntryPoint]] = {}
        for point in sorted(entry_points(), key=attrgetter("name")):
            found.setdefault(point.name, []).append(point)
        return found

    def names(self) -> list[str]:
        """The names of the plugins in specs."""
        return list(self._points)

    def not_listed(self, listed: Iterable[str]) -> list[str]:
        """The names of the plugins that are not in the list of a spec."""
        named = {parse_listed(name)[0] for name in listed}
        return [name for name in self._points if name not in named]

    def origins(self) -> list[Origin]:
        """The origins of all plugins, without importing them."""
        return [_origin(point) for points in self._points.values() for point in points]

    def load(self, listed: str) -> tuple[Origin, object]:
        """Import a plugin that a spec lists, as `focal` or with a version specifier.

        Raises:
            PluginError: if it is not installed, has another version, has the same name as another plugin, or fails.

        """
        name, versions = parse_listed(listed)
        points = self._points.get(name, [])
        if not points:
            none = "" if self._points else " No plugins are installed."
            message = f'No plugin named "{name}" is installed.{none}{did_you_mean(name, self._points)}'
            raise PluginError(message, listed=listed)
        if len(points) > 1:
            both = " and ".join(_origin(point).release for point in points)
            message = f'Several plugins named "{name}" are installed: {both}. Uninstall all but one.'
            raise PluginError(message, listed=listed)
        origin = _origin(points[0])
        if versions and not _contains(versions, origin, listed):
            raise PluginError(f"{origin.release} is installed, but the spec requires {versions}.", listed=listed)
        for requirement in points[0].required(PROJECT):
            _refuse_another_hookline(requirement, origin, listed)
        return origin, imported(origin, listed)


def imported(origin: Origin, listed: str) -> object:
    """Import the module, or the object in it, that the entry point of an installed plugin names.

    Raises:
        PluginError: if it cannot be imported; the message names the line.

    """
    module, _, attributes = str(origin.entry_point).partition(":")
    try:
        plugin: object = importlib.import_module(module.strip())
        return attrgetter(attributes.strip())(plugin) if attributes else plugin
    except HooklineError:
        raise
    except FAILURES as error:
        raise PluginError(f"The plugin {origin} cannot be imported. {reason(error)}", listed=listed) from error


def parse_listed(listed: str) -> tuple[str, str]:
    """Split an entry of `plugins` in a spec into the name and the version specifier.

    >>> parse_listed("focal >= 1.2, < 2")
    ('focal', '>= 1.2, < 2')

    Raises:
        PluginError: if it does not start with a name.

    """
    match = re.fullmatch(r"\s*([\w.-]+)\s*(.*?)\s*", listed)
    if match is None:
        raise PluginError(f'"{listed}" is not the name of a plugin, such as "focal" or "focal>=1.2".', listed=listed)
    return match[1], match[2]


def _contains(versions: str, origin: Origin, listed: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(versions).contains(str(origin.version), prereleases=True)
    except InvalidSpecifier:
        message = (
            f'"{versions}" is not a version specifier: write it as in "{origin.name}>=1.2" or "{origin.name}~=1.2".'
        )
        raise PluginError(message, listed=listed) from None


def _refuse_another_hookline(requirement: str, origin: Origin, listed: str) -> None:
    """Raise a `PluginError` if the distribution of a plugin requires another version of Hookline than this one."""
    from importlib.metadata import version

    from packaging.requirements import InvalidRequirement, Requirement

    try:
        wanted = Requirement(requirement)
    except InvalidRequirement:
        return  # Hookline cannot parse it, but pip accepted it.
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return
    if wanted.specifier and not wanted.specifier.contains(here := version(PROJECT), prereleases=True):
        message = f"{origin.release} requires {PROJECT} {wanted.specifier}, but {PROJECT} {here} is installed."
        raise PluginError(f"{message} Install a release of {origin.distribution} that supports it.", listed=listed)


def _origin(point: EntryPoint) -> Origin:
    return Origin(point.name, distribution=point.distribution, known_version=point.version, entry_point=point.value)
