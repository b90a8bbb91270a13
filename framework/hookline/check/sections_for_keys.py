"""The tables of a document whose classes are known, in one of which a misplaced key may belong."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from attrs import field, fields, frozen

from hookline.errors.text import PathElement, dotted
from hookline.plugins.catalog import Catalog, is_family
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.options import Spec
from hookline.spec.training import SEVERAL, TrainingSpec

Keys = tuple[PathElement, ...]


@frozen
class Home:
    """A table of the document that contains options."""

    path: Keys
    """The path of the table."""
    kind: type[Spec]
    """Its class."""
    options: Mapping[str, Any] = field(repr=False)
    """The options that it sets."""

    @property
    def label(self) -> str:
        """Where it is in the file, in words."""
        if not self.path:
            return "at the top of the file, before the first section"
        if len(self.path) == 1 or isinstance(self.path[1], str):
            return f"in [{dotted(self.path)}]"
        return f"in the [[{self.path[0]}]] table of {self.kind.__name__}"


def header(section: str) -> str:
    """The header of a section in a file, with double brackets if the section can have several components."""
    return f"[[{section}]]" if section in SEVERAL else f"[{section}]"


def options_of(kind: type[Spec]) -> list[str]:
    """The names of the options of a class."""
    return [attribute.name for attribute in fields(kind) if attribute.init]


def homes_in(table: Mapping[str, Any], catalog: Catalog) -> Iterator[Home]:
    """The tables of a document whose classes are known, the root first."""
    yield Home((), TrainingSpec, table)
    for attribute in fields(TrainingSpec):
        value, kind = table.get(attribute.name), attribute.type
        if attribute.name in SEVERAL:
            base = get_args(kind)[0]
            for index, element in enumerate(value if isinstance(value, list) else ()):
                if is_family(base) and (found := _component(element, base, catalog)):
                    yield Home((attribute.name, index), found, element)
        elif attribute.name == "losses":
            for name, element in value.items() if isinstance(value, dict) else ():
                if found := _component(element, LossSpec, catalog):
                    yield Home((attribute.name, name), found, element)
        elif is_family(kind):
            if isinstance(value, dict) and (found := _component(value, kind, catalog)):
                yield Home((attribute.name,), found, value)
        elif isinstance(kind, type) and issubclass(kind, Spec):
            yield Home((attribute.name,), kind, value if isinstance(value, dict) else {})


def _component(value: Any, base: type[Spec], catalog: Catalog) -> type[Spec] | None:
    name = value.get("type") if isinstance(value, dict) else None
    return catalog.get(base, name) if isinstance(name, str) else None


def section_of_family(word: str, catalog: Catalog) -> str | None:
    """The header of the section for the components of the family with this name."""
    for kind in catalog:
        if str(kind.family) in (word, word.removesuffix("s")):
            for attribute in fields(TrainingSpec):
                several = attribute.name in SEVERAL
                base = get_args(attribute.type)[0] if several else attribute.type
                if is_family(base) and issubclass(kind, base):
                    return f"[[{attribute.name}]]" if several else f"[{attribute.name}]"
    return None
