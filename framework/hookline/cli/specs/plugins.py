"""`hookline plugins`."""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hookline.cli.arguments.spec_arguments import add_plugin_argument
from hookline.cli.commands import BAD_INPUT, GOOD
from hookline.cli.output.screen import paragraph, screen_width
from hookline.errors.exceptions import PluginError
from hookline.errors.printing import echo, echo_json
from hookline.errors.suggestions import nearest
from hookline.errors.text import counted
from hookline.plugins.catalog import Catalog
from hookline.plugins.manager import Plugins
from hookline.plugins.origin import Origin
from hookline.plugins.registration import new_manager
from hookline.plugins.sources.installed import InstalledPlugins
from hookline.plugins.sources.local import from_file
from hookline.plugins.stages import STAGES
from hookline.spec.words import plural

MOST = 12
"""The maximum number of names to list for a family."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "names", nargs="*", metavar="plugin", help="an installed or built-in plugin (default: all installed ones)"
    )
    add_plugin_argument(parser)
    parser.add_argument(
        "--built-in", action="store_true", help="without names: include the plugins that come with Hookline"
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="the output format (default: text)")


def run(arguments: argparse.Namespace) -> int:
    """Print each plugin with its release, components and stages; return 2 if a named plugin cannot be loaded."""
    plugins = Plugins(extra=[from_file(path) for path in arguments.plugin])
    built_in = {origin.name: (origin, plugin) for origin, plugin in plugins.built_in}
    described = [
        _described(*built_in[name], plugins.catalog) if name in built_in else _installed(name, built_in)
        for name in arguments.names or InstalledPlugins().names()
    ]
    described += [_described(origin, plugin, plugins.catalog) for origin, plugin in plugins.added]
    if arguments.built_in and not arguments.names:
        described += [_described(origin, plugin, plugins.catalog) for origin, plugin in built_in.values()]
    if arguments.format == "json":
        echo_json(described, indent=2)
    elif not described:
        echo("No plugins are installed. Use `--built-in` to list those that come with Hookline.")
    else:
        width = screen_width()
        echo(
            "\n\n".join("\n".join(line for text in _lines(one) for line in _wrapped(text, width)) for one in described)
        )
    return BAD_INPUT if arguments.names and any("error" in one for one in described) else GOOD


def _installed(name: str, built_in: Iterable[str]) -> dict[str, Any]:
    """Load one plugin by itself and describe it, so that a broken plugin does not hide the others."""
    try:
        plugins = Plugins([name])
    except PluginError as error:
        near = nearest(name, built_in)
        return {"name": name, "error": str(error) if near is None else f'{error} Did you mean "{near}"?'}
    [(origin, plugin)] = plugins.added
    try:
        return _described(origin, plugin, plugins.catalog)
    except PluginError as error:
        return {"name": origin.name, "release": origin.release, "error": str(error)}


def _described(origin: Origin, plugin: object, catalog: Catalog) -> dict[str, Any]:
    """A plugin as JSON values."""
    brought: dict[str, list[str]] = {}
    for kind in catalog:
        if catalog.plugin(kind) == origin:
            brought.setdefault(str(kind.family), []).append(kind.__name__)
    hooks = {how: list(_hooked(plugin, is_wrapper)) for how, is_wrapper in (("answers", False), ("wraps", True))}
    return {"name": origin.name, "release": origin.release, "brings": brought, **hooks}


def _hooked(plugin: object, is_wrapper: bool) -> Iterator[str]:  # noqa: FBT001
    """The stages that a plugin answers, or those that it wraps."""
    manager = new_manager()
    manager.register(plugin)
    for stage in STAGES:
        if any(one.wrapper is is_wrapper for one in getattr(manager.hook, stage).get_hookimpls()):
            yield stage


def _lines(plugin: Mapping[str, Any]) -> Iterator[str]:
    """A plugin as text."""
    yield f"{plugin['name']}  {plugin.get('release', '')}".rstrip()
    if "error" in plugin:
        yield f"  {plugin['error']}"
        return
    for family, names in plugin["brings"].items():
        yield f"  {_counted(names, family)}: {_listed(names)}"
    for how in ("answers", "wraps"):
        if plugin[how]:
            yield f"  {how} {', '.join(plugin[how])}"


def _wrapped(text: str, width: int | None) -> list[str]:
    """Wrap a line to the width of the terminal, with an indent."""
    return paragraph(text.lstrip(), width, "  " if text.startswith(" ") else "", "    ")


def _counted(names: list[str], family: str) -> str:
    return counted(len(names), family) if len(names) == 1 else f"{len(names)} {plural(family)}"


def _listed(names: Iterable[str]) -> str:
    known = sorted(names, key=str.lower)
    others = f" and {counted(len(known) - MOST, 'other')}" if len(known) > MOST else ""
    return ", ".join(known[:MOST]) + others
