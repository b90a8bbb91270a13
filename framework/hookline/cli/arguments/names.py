"""Functions that `hookline list`, `show` and `schema` share: families and components by name."""

import argparse
from collections.abc import Iterable, Iterator
from typing import get_args

from attrs import fields

from hookline.cli.arguments.spec_arguments import add_plugin_argument
from hookline.plugins.catalog import Catalog, is_family
from hookline.plugins.manager import Plugins
from hookline.plugins.sources.local import from_file
from hookline.spec.options import Spec
from hookline.spec.training import SEVERAL, TrainingSpec
from hookline.spec.words import plural


def add_plugin_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that add plugins to the built-in ones."""
    add_plugin_argument(parser, "components")
    add_installed_argument(parser)


def add_installed_argument(parser: argparse.ArgumentParser) -> None:
    """Declare `--installed NAME`."""
    parser.add_argument(
        "--installed", action="append", default=[], metavar="NAME", help="an installed plugin, named as in a spec"
    )


def load_catalog(arguments: argparse.Namespace) -> Catalog:
    """The components of the built-in plugins and of those that the arguments name."""
    return plugins_of(arguments).catalog


def plugins_of(arguments: argparse.Namespace) -> Plugins:
    """The built-in plugins and those that the arguments name."""
    return Plugins(arguments.installed, [from_file(path) for path in arguments.plugin])


def families(catalog: Catalog) -> dict[str, dict[str, type[Spec]]]:
    """The components of each family by name. The families are in the order of registration."""
    found: dict[str, dict[str, type[Spec]]] = {}
    for kind in catalog:
        found.setdefault(str(kind.family), {})[catalog.name(kind)] = kind
    return found


def is_called(family: str, word: str) -> bool:
    """Whether a word refers to this family: its name or its first word, in the singular or plural."""
    first = family.partition(" ")[0]
    return word.lower() in (family, plural(family), first, plural(first))


def section_families(word: str, known: Iterable[str]) -> list[str]:
    """The families whose components fit in a section. The name of the section may be in the singular or plural."""
    word = word.lower()
    bases = [base for name, base in sections() if base and (word in (name, plural(name)) or plural(word) == name)]
    return [family for family in known if any(family in _families_below(base) for base in bases)]


def sections() -> Iterator[tuple[str, type[Spec] | None]]:
    """The sections of a spec, each with the base class of its components, or `None` if it has options of its own."""
    for attribute in fields(TrainingSpec):
        base = get_args(attribute.type)[0] if attribute.name in SEVERAL else attribute.type
        yield attribute.name, base if getattr(base, "family", None) else None


def _families_below(base: type[Spec]) -> set[str]:
    """The families of a base class and of its subclasses."""
    return {str(base.family)}.union(*(_families_below(below) for below in base.__subclasses__() if is_family(below)))
