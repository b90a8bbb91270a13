"""`hookline plugins`."""

import argparse
from collections.abc import Iterable, Iterator

from hookline.catalog import Catalog
from hookline.command_line import GOOD
from hookline.commands.arguments import add_plugin_argument
from hookline.errors import PluginError
from hookline.installed import InstalledPlugins
from hookline.kinds import plural
from hookline.origins import Origin
from hookline.plugin_files import from_file
from hookline.plugins import Plugins, new_manager
from hookline.stages import STAGES
from hookline.wording import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("names", nargs="*", metavar="plugin", help="an installed plugin; left out, all of them")
    add_plugin_argument(parser)
    parser.add_argument("--built-in", action="store_true", help="also those that come with Hookline")


def run(arguments: argparse.Namespace) -> int:
    """Print each plugin with its release, what it brings and which stages it has to do with."""
    files = [from_file(path) for path in arguments.plugin]
    names = arguments.names or InstalledPlugins().names()
    blocks = [_installed(name) for name in names]
    if files:
        plugins = Plugins(extra=files)
        blocks += [_block(origin, plugin, plugins.catalog) for origin, plugin in plugins.added]
    if arguments.built_in:
        plugins = Plugins()
        blocks += [_block(origin, plugin, plugins.catalog) for origin, plugin in plugins.built_in]
    if not blocks:
        blocks = [["No plugin is installed beside those that come with Hookline: `--built-in` lists these."]]
    for index, block in enumerate(blocks):
        print(*([""] if index else []), *block, sep="\n")
    return GOOD


def _installed(name: str) -> list[str]:
    """What is known of an installed plugin, each for itself: one that is broken does not hide the others."""
    try:
        plugins = Plugins([name])
    except PluginError as error:
        return [name, f"  {error}"]
    [(origin, plugin)] = plugins.added
    try:
        return _block(origin, plugin, plugins.catalog)
    except PluginError as error:
        return [f"{origin.name}  {origin.release}", f"  {error}"]


def _block(origin: Origin, plugin: object, catalog: Catalog) -> list[str]:
    brought: dict[str, list[str]] = {}
    for kind in catalog:
        if catalog.plugin(kind) == origin:
            brought.setdefault(str(kind.family), []).append(kind.__name__)
    lines = [f"{origin.name}  {origin.release}".rstrip()]
    lines += [f"  {_counted(names, family)}: {_listed(names)}" for family, names in brought.items()]
    return [*lines, *_hooks(plugin)]


def _hooks(plugin: object) -> Iterator[str]:
    manager = new_manager()
    manager.register(plugin)
    for how, is_wrapper in (("answers", False), ("wraps", True)):
        stages = [
            stage
            for stage in STAGES
            for implementation in getattr(manager.hook, stage).get_hookimpls()
            if implementation.wrapper is is_wrapper
        ]
        if stages:
            yield f"  {how} {', '.join(stages)}"


def _counted(names: list[str], family: str) -> str:
    return counted(len(names), family) if len(names) == 1 else f"{len(names)} {plural(family)}"


MOST = 12
"""How many names of a family are listed."""


def _listed(names: Iterable[str]) -> str:
    known = sorted(names, key=str.lower)
    others = f" and {len(known) - MOST} others" if len(known) > MOST else ""
    return ", ".join(known[:MOST]) + others
