"""Find the option or section that an unknown key probably means, in its own table or in another one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from attrs import define, fields, frozen

from hookline.check.sections_for_keys import Home, Keys, header, options_of, section_of_family
from hookline.check.translate import own_option, section_meant, translation
from hookline.check.unclear import UnknownOption
from hookline.errors.suggestions import did_you_mean, nearest
from hookline.errors.text import counted, enumerate_names
from hookline.plugins.catalog import Catalog, is_family
from hookline.spec.training import TrainingSpec

SECTIONS = tuple(attribute.name for attribute in fields(TrainingSpec) if attribute.name != "plugins")
"""The keys of a spec that are tables, or arrays of them."""

MOST_OTHERS = 4
"""The maximum number of other components with an option that are named."""

FEWEST_LETTERS = 5
"""The number of letters from which a word of an option, such as the "warmup" of "n_warmup_steps", means this option."""


@frozen
class Meant:
    """What a key probably means."""

    help: str
    """The help, as a sentence; empty if there is none."""
    path: Keys = ()
    """The path of the option or section that is meant; empty if it is not known."""


@define(slots=False)
class UnknownKey:
    """A key that its table does not have, and what is known of the document."""

    option: UnknownOption
    """The key."""
    table: Mapping[str, Any]
    """The document."""
    homes: Sequence[Home]
    """The tables of the document in which the key may belong."""
    catalog: Catalog
    """The components that a spec can name."""

    def meant(self) -> Meant:
        """Return the first explanation that fits."""
        if self.option.is_type_of_none:
            return self._component_inside()
        return next(found for explain in EXPLANATIONS if (found := explain(self)) is not None)

    @property
    def key(self) -> str:
        """The key."""
        return str(self.option.path[-1])

    @property
    def within(self) -> Keys:
        """The path of its table."""
        return self.option.path[:-1]

    @property
    def is_at_root(self) -> bool:
        """Whether its table is the whole spec."""
        return self.option.kind is TrainingSpec

    @cached_property
    def own(self) -> list[str]:
        """The options of its table."""
        return [*options_of(self.option.kind), *(["type"] if self.option.kind.family else [])]

    @cached_property
    def given(self) -> Mapping[str, Any]:
        """The options that its table sets."""
        return next((home.options for home in self.homes if home.path == self.within), {})

    @cached_property
    def nearest_own(self) -> str | None:
        """The option of its table with the most similar name."""
        return nearest(self.key, self.own)

    @property
    def others(self) -> Iterator[Home]:
        """The other tables."""
        return (home for home in self.homes if home.path != self.within)

    def _component_inside(self) -> Meant:
        """The only component in a table that is not a component, for a `type` in this table."""
        kind = self.option.kind
        inside = [attribute.name for attribute in fields(kind) if is_family(kind.option_type(attribute))]
        if len(inside) != 1:
            return Meant("")
        return Meant(f'Its `{inside[0]}` is a component: {inside[0]} = {{ type = "…" }}.', (*self.within, *inside))

    def _own(self, option: str) -> Meant:
        return Meant(f'Did you mean "{option}"?', (*self.within, option))

    def _extends(self) -> Meant | None:
        if self.is_at_root and nearest(self.key, [*self.own, "extends"]) == "extends":
            return self._own("extends")
        return None

    def _type(self) -> Meant | None:
        """`type`, if the value names a component that could replace this one."""
        families = [base for base in self.option.kind.__mro__ if is_family(base)]
        value = self.given.get(self.key)
        is_name = bool(families) and isinstance(value, str) and self.catalog.get(families[-1], value) is not None
        return self._own("type") if is_name else None

    def _one_wrong_letter(self) -> Meant | None:
        """An option of this table with one other letter, even if another table has the exact word."""
        slip = self.nearest_own
        is_near = slip is not None and slip not in self.given and nearest(self.key, self.own, most=1) is not None
        return self._own(slip) if slip is not None and is_near else None

    def _own_word_of_another_tool(self) -> Meant | None:
        found = own_option(self.key, self.option.kind, self.given)
        if found is not None and found[0] in self.given and (others := self._option_of_other_components()) is not None:
            return others  # It is a word of Hookline, too.
        return None if found is None else Meant(found[1], (*self.within, found[0]))

    def _section_of_another_tool(self) -> Meant | None:
        section = section_meant(self.key, self.given.get(self.key)) if self.is_at_root else None
        if section is None:
            return None
        is_slip = self.nearest_own == section
        return Meant(
            f'Did you mean "{section}"?' if is_slip else f"Hookline calls this section {header(section)}.", (section,)
        )

    def _option_elsewhere(self) -> Meant | None:
        key = self.key
        for home in self.others:
            # An option that is already set there is rather a typo for an option here.
            if key in options_of(home.kind) and (key not in home.options or self.nearest_own is None):
                if home.kind is TrainingSpec and key in SECTIONS:
                    return Meant(f"It is a section of its own: {header(key)}.", (key,))
                owner = f"It is an option of {home.kind.__name__} and" if home.kind.family else "It"
                if key in home.options and home.kind.family:
                    known = f"It is an option of {home.kind.__name__}, {home.label}, where it is set already."
                    return Meant(known, (*home.path, key))
                return Meant(f"{owner} belongs {home.label}.", (*home.path, key))
        return None

    def _word_of_own(self) -> Meant | None:
        parts = [option for option in self.own if self.key in option.split("_")[1:]]
        return self._own(parts[0]) if len(parts) == 1 and len(self.key) >= FEWEST_LETTERS else None

    def _abbreviation_of_own(self) -> Meant | None:
        """An abbreviation, which here means more than the same word of another tool."""
        key = self.key
        begun = [option for option in self.own if len(key) > 2 and option.startswith(key) and option not in self.given]
        return self._own(begun[0]) if len(begun) == 1 else None

    def _word_of_another_tool(self) -> Meant | None:
        found = translation(self.key, _value(self.table, self.option.path), self.homes, self.catalog)
        return None if found is None else Meant(*found)

    def _similar_own(self) -> Meant | None:
        return None if self.nearest_own is None else self._own(self.nearest_own)

    def _family(self) -> Meant | None:
        section = section_of_family(self.key, self.catalog) if self.is_at_root else None
        return Meant(f"It is the name of a family, whose components belong in {section}.") if section else None

    def _similar_elsewhere(self) -> Meant | None:
        for home in self.others:
            if (near := nearest(self.key, options_of(home.kind))) is not None:
                if home.kind is TrainingSpec and near in SECTIONS:
                    return Meant(f'Did you mean "{near}"? It is a section of its own: {header(near)}.', (near,))
                return Meant(f'Did you mean "{near}", which belongs {home.label}?', (*home.path, near))
        return None

    def _one_of_its_words(self) -> Meant | None:
        words = self.key.lower().split("_")
        for home in sorted(self.homes, key=lambda home: home.path != self.within):
            # For example "max_epochs"; but "data_path" does not mean the section "data".
            options = set(options_of(home.kind)).difference(SECTIONS)
            if (word := next((word for word in words if word in options), None)) is not None:
                where = "" if home.path == self.within else f", which belongs {home.label}"
                return Meant(f'Did you mean "{word}"{where}?', (*home.path, word))
        return None

    def _option_of_other_components(self) -> Meant | None:
        kind, key = self.option.kind, self.key
        same = sorted(
            other.__name__ for other in self.catalog if other.family == kind.family and key in options_of(other)
        )
        if not kind.family or not same:
            return None
        have = "have" if len(same) > 1 else "has"
        more = f", and {counted(len(same) - MOST_OTHERS, 'other')}," if len(same) > MOST_OTHERS else ""
        similar = did_you_mean(key, options_of(kind))
        return Meant(f"{enumerate_names(same[:MOST_OTHERS])}{more} {have} it.{similar}")

    def _similar(self) -> Meant:
        return Meant(did_you_mean(self.key, options_of(self.option.kind)).lstrip())


EXPLANATIONS: tuple[Callable[[UnknownKey], Meant | None], ...] = (
    UnknownKey._extends,
    UnknownKey._type,
    UnknownKey._one_wrong_letter,
    UnknownKey._own_word_of_another_tool,
    UnknownKey._section_of_another_tool,
    UnknownKey._option_elsewhere,
    UnknownKey._word_of_own,
    UnknownKey._abbreviation_of_own,
    UnknownKey._word_of_another_tool,
    UnknownKey._similar_own,
    UnknownKey._family,
    UnknownKey._similar_elsewhere,
    UnknownKey._one_of_its_words,
    UnknownKey._option_of_other_components,
    UnknownKey._similar,
)
"""The explanations of an unknown key, the most probable one first. The last one always fits."""


def _value(table: Mapping[str, Any], path: Keys) -> Any:
    """The value at an existing path of a document."""
    value: Any = table
    for element in path:
        value = value[element]
    return value
