"""What `hookline list` and `hookline show` have in common: the names that the plugins bring."""

import argparse

from hookline.catalog import Catalog
from hookline.commands.arguments import add_plugin_argument
from hookline.kinds import plural
from hookline.options import Spec
from hookline.plugin_files import from_file
from hookline.plugins import Plugins


def add_plugin_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that say which plugins are looked at beside the built-in ones."""
    add_plugin_argument(parser, "components")
    add_installed_argument(parser)


def add_installed_argument(parser: argparse.ArgumentParser) -> None:
    """Declare `--installed NAME`."""
    parser.add_argument(
        "--installed", action="append", default=[], metavar="NAME", help="an installed plugin, as a spec lists it"
    )


def load_catalog(arguments: argparse.Namespace) -> Catalog:
    """The components of these plugins."""
    return Plugins(arguments.installed, [from_file(path) for path in arguments.plugin]).catalog


def families(catalog: Catalog) -> dict[str, dict[str, type[Spec]]]:
    """The components of each family by name, the families in the order in which the plugins bring them."""
    found: dict[str, dict[str, type[Spec]]] = {}
    for kind in catalog:
        found.setdefault(str(kind.family), {})[catalog.name(kind)] = kind
    return found


def is_called(family: str, word: str) -> bool:
    """Whether a person may mean this family by the word: its name, its plural, or its first word."""
    return word.lower() in (family, plural(family), family.partition(" ")[0])
