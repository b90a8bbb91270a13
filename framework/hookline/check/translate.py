"""The Hookline name for a key of another tool, as a sentence with an example."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from attrs import NOTHING, Attribute, fields

from hookline.check.sections_for_keys import Home, Keys, header, options_of
from hookline.plugins import other_tools
from hookline.plugins.catalog import Catalog
from hookline.plugins.other_tools import Meaning
from hookline.spec.dump import as_toml, plain
from hookline.spec.options import Bounds, Spec
from hookline.spec.training import SEVERAL, TrainingSpec
from hookline.spec.types import option_type, required

LONGEST_EXAMPLE = 40
"""The maximum number of characters of an example value."""


def own_option(key: str, kind: type[Spec], given: Mapping[str, Any]) -> tuple[str, str] | None:
    """The option of the same table that a key of another tool means, with a sentence; `None` if there is none."""
    known = other_tools.meaning(key)
    if known is None:
        return None
    own = [place[-1] for place in known.places if place[-1] in options_of(kind)]
    for option in own:
        if option not in given:
            example = "" if known.example is None else f", as in {option} = {as_toml(known.example)}"
            return option, f'Did you mean "{option}"{example}? {known.note}'.rstrip()
    return (own[0], f'Hookline calls it "{own[0]}", which is already set.') if own else None


def translation(key: str, value: Any, homes: Sequence[Home], catalog: Catalog) -> tuple[str, Keys] | None:
    """A sentence for a key of another tool, and the path that is meant, or an empty path.

    `homes` are the tables of the document, the root first.
    """
    known = other_tools.meaning(key)
    if known is None:
        return None
    for place in known.places:
        found = _at_place(place, value, known, homes, catalog)
        if found is not None:
            sentence, path = found
            return f"{sentence} {known.note}".rstrip(), path
    if known.note:
        return known.note, ()
    lacking = [home for home in homes for place in known.places if home.path == place[:1]]
    if lacking:
        option = next(place[-1] for place in known.places if place[:1] == lacking[0].path)
        return f'It would be "{option}" {lacking[0].label}, but {lacking[0].kind.__name__} has no such option.', ()
    return None


def section_meant(key: str, value: Any) -> str | None:
    """The section that a key at the top means, if the value could be a section."""
    return other_tools.section(key) if isinstance(value, (dict, list)) else None


def _at_place(
    place: tuple[str, ...], value: Any, known: Meaning, homes: Sequence[Home], catalog: Catalog
) -> tuple[str, Keys] | None:
    """A sentence for a place, and its path, if this spec can have it."""
    section, *others = place
    attribute = next((one for one in fields(TrainingSpec) if one.name == section), None)
    if attribute is None:
        return None
    if not others:
        return f"It is a section of its own: {header(section)}.", ()
    if len(others) == 1 and not others[0][0].isupper():
        home = next((home for home in homes if home.path == (section,) and others[0] in options_of(home.kind)), None)
        if home is None:
            is_there = any(home.path == (section,) for home in homes)
            return None if is_there else (f'Hookline calls it "{others[0]}", in {header(section)}.', place)
        line = _line(home.kind, others[0], value, known)
        return f'Hookline calls it "{others[0]}", {home.label}: {line}.', (section, others[0])
    base = get_args(attribute.type)[0] if section in SEVERAL else attribute.type
    written = _component_in(value, base, catalog)
    kind = written or catalog.get(base, others[0])
    if kind is None:
        return None
    given = value if isinstance(value, dict) else {}
    options = [option for option in options_of(kind) if written and option in given]
    options = options or (others[1:] if kind.__name__ == others[0] else list(required(kind)))
    lines = [_line(kind, option, given.get(option) if written else value, known) for option in options]
    listed = next((home for home in homes if home.kind is kind), None)
    if listed is not None and lines:
        return f"{kind.__name__} does that, in its {header(section)} table: {lines[0]}.", (*listed.path, options[0])
    with_type = " and ".join([f'type = "{kind.__name__}"', *lines])
    return f"{kind.__name__} does that: {header(section)} with {with_type}.", ()


def _component_in(value: Any, base: type[Spec], catalog: Catalog) -> type[Spec] | None:
    """The component that a value names, by itself or as the `type` of a table; `None` if it names none."""
    name = value.get("type") if isinstance(value, dict) else value
    return catalog.get(base, catalog.translated(base, name) or name) if isinstance(name, str) else None


def _line(kind: type[Spec], name: str, value: Any, known: Meaning) -> str:
    """An option as a line of a spec, with the given value if it is valid."""
    option = next(option for option in fields(kind) if option.name == name)
    shown = known.example
    if shown is None:
        shown = value if _fits(kind, option, value) else _default(option)
    return f"{name} = {'…' if shown is None else as_toml(shown)}"


def _fits(kind: type[Spec], option: "Attribute[Any]", value: Any) -> bool:
    """Whether a value is simple and valid for an option."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not all(bounds.contains(value) for bounds in Bounds.of(option)):
            return False
    elif not isinstance(value, bool) and not (isinstance(value, str) and len(value) <= LONGEST_EXAMPLE):
        return False
    return option_type(kind.option_type(option)).accepts(value)


def _default(option: "Attribute[Any]") -> Any:
    """The default of an option as a value of TOML; `None` if it has none."""
    return None if option.default in (NOTHING, None) else plain(option.default, Path())
