"""Suggestions for unknown and missing options: what was probably meant, and where it belongs."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from attrs import fields

from hookline.check.sections_for_keys import Home, Keys, header, homes_in, options_of, section_of_family
from hookline.check.translate import own_option, section_meant, translation
from hookline.check.unclear import MissingOption, Unclear, UnknownOption
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.suggestions import did_you_mean, nearest
from hookline.errors.text import counted, enumerate_names
from hookline.plugins.catalog import Catalog, is_family
from hookline.spec.options import Spec
from hookline.spec.training import TrainingSpec
from hookline.spec.types import option_type

SECTIONS = tuple(attribute.name for attribute in fields(TrainingSpec) if attribute.name != "plugins")
"""The keys of a spec that are tables, or arrays of them."""

NO_COMPONENT = "This table is not a component and has no `type`."
"""The message for a `type` in a table that has none."""

MOST_OTHERS = 4
"""The maximum number of other components with an option that are named."""

MOST_MEANT = 200
"""The maximum number of unknown keys whose meaning is looked up."""

FEWEST_LETTERS = 5
"""The number of letters from which a word of an option, such as the "warmup" of "n_warmup_steps", means this option."""

MOST_HOMES = 200
"""The maximum number of tables of a spec in which a misplaced key may belong."""


def with_suggestions(
    problems: Iterable[Diagnostic | Unclear], table: Mapping[str, Any], catalog: Catalog
) -> list[Diagnostic]:
    """The diagnostics with suggestions. A misspelled required option is reported once."""
    problems = list(problems)
    is_unclear = any(isinstance(problem, UnknownOption) for problem in problems)
    homes = list(islice(homes_in(table, catalog), MOST_HOMES)) if is_unclear else []
    missing = {problem.path: problem for problem in problems if isinstance(problem, MissingOption)}
    explained: set[Keys] = set()
    looked_up = 0
    made: list[Diagnostic] = []
    without_type: list[Diagnostic] = []
    for problem in problems:
        if isinstance(problem, UnknownOption):
            looked_up += 1
            help_text, meant = _meant(problem, table, homes, catalog) if looked_up <= MOST_MEANT else ("", ())
            beside = [str(path[-1]) for path in missing if path[:-1] == problem.path[:-1]]
            if (required := nearest(str(problem.path[-1]), beside, most=1)) is not None:
                help_text, meant = f'Did you mean "{required}"?', (*problem.path[:-1], required)
            explained.add(meant)
            elsewhere = (meant[:-1],) if meant[:-1] and meant[:-1] != problem.path[:-1] else ()
            message = NO_COMPONENT if _is_type_of_none(problem) else problem.message
            made.append(Diagnostic("unknown-key", message, problem.path, help_text, on_key=True, related=elsewhere))
        elif isinstance(problem, Diagnostic):
            (without_type if problem.id == "missing-type" else made).append(problem)
    made += [problem for problem in without_type if problem.path not in explained]
    for path, absent in missing.items():
        # A missing section may be in the spec that should have been extended.
        if path not in explained and not (len(path) == 1 and ("extends",) in explained):
            option = getattr(fields(absent.kind), str(path[-1]))
            what = option_type(absent.kind.option_type(option)).words
            is_section = absent.kind is TrainingSpec
            made.append(
                Diagnostic(
                    "missing-section" if is_section else "missing-option",
                    f"This {'section' if is_section else 'option'} is missing.",
                    path,
                    f"It must be {what}.",
                )
            )
    return made


def _is_type_of_none(unknown: UnknownOption) -> bool:
    return unknown.path[-1] == "type" and not unknown.kind.family


def _meant(unknown: UnknownOption, table: Mapping[str, Any], homes: list[Home], catalog: Catalog) -> tuple[str, Keys]:
    """The help for an unknown key, and the path that was probably meant, or an empty path."""
    *within, key = unknown.path
    kind, own = unknown.kind, [*options_of(unknown.kind), *(["type"] if unknown.kind.family else [])]
    if _is_type_of_none(unknown):
        inside = [attribute.name for attribute in fields(kind) if is_family(kind.option_type(attribute))]
        if len(inside) == 1:
            return f'Its `{inside[0]}` is a component: {inside[0]} = {{ type = "…" }}.', (*within, *inside)
        return "", ()
    others = [home for home in homes if home.path != tuple(within)]
    if kind is TrainingSpec and nearest(str(key), [*own, "extends"]) == "extends":
        return 'Did you mean "extends"?', ("extends",)
    slip = nearest(str(key), own)
    given = next((home.options for home in homes if home.path == tuple(within)), {})
    if _names_another(kind, given.get(str(key)), catalog):
        return 'Did you mean "type"?', (*within, "type")
    if slip is not None and slip not in given and nearest(str(key), own, most=1) is not None:
        # With one wrong letter, an option of this table is meant, even if another table has the exact word.
        return f'Did you mean "{slip}"?', (*within, slip)
    if (own_word := own_option(str(key), kind, given)) is not None:
        option, question = own_word
        return question, (*within, option)
    if kind is TrainingSpec and (section := section_meant(str(key), given.get(str(key)))) is not None:
        is_a_slip = slip == section
        named = f'Did you mean "{section}"?' if is_a_slip else f"Hookline calls this section {header(section)}."
        return named, (section,)
    for home in others:
        # An option that is already set there is rather a typo for an option here.
        if key in options_of(home.kind) and (key not in home.options or nearest(str(key), own) is None):
            if home.kind is TrainingSpec and key in SECTIONS:
                return f"It is a section of its own: {header(str(key))}.", (key,)
            owner = f"It is an option of {home.kind.__name__} and" if home.kind.family else "It"
            return f"{owner} belongs {home.label}.", (*home.path, key)
    parts = [option for option in own if str(key) in option.split("_")[1:]]
    if len(parts) == 1 and len(str(key)) >= FEWEST_LETTERS:
        return f'Did you mean "{parts[0]}"?', (*within, parts[0])
    begun = [option for option in own if len(str(key)) > 2 and option.startswith(str(key)) and option not in given]
    if len(begun) == 1:  # Here, an abbreviation means more than the same word of another tool.
        return f'Did you mean "{begun[0]}"?', (*within, begun[0])
    if (found := translation(str(key), _value(table, unknown.path), homes, catalog)) is not None:
        sentence, path = found
        return sentence, path
    if slip is not None:
        return f'Did you mean "{slip}"?', (*within, slip)
    if kind is TrainingSpec and (section := section_of_family(str(key), catalog)):
        return f"It is the name of a family, whose components belong in {section}.", ()
    for home in others:
        if (near := nearest(str(key), options_of(home.kind))) is not None:
            if home.kind is TrainingSpec and near in SECTIONS:
                return f'Did you mean "{near}"? It is a section of its own: {header(near)}.', (near,)
            return f'Did you mean "{near}", which belongs {home.label}?', (*home.path, near)
    words = str(key).lower().split("_")
    for home in sorted(homes, key=lambda home: home.path != tuple(within)):
        # For example "max_epochs"; but "data_path" does not mean the section "data".
        options = set(options_of(home.kind)).difference(SECTIONS)
        if (word := next((word for word in words if word in options), None)) is not None:
            where = "" if home.path == tuple(within) else f", which belongs {home.label}"
            return f'Did you mean "{word}"{where}?', (*home.path, word)
    same = sorted(other.__name__ for other in catalog if other.family == kind.family and key in options_of(other))
    if kind.family and same:
        have = "have" if len(same) > 1 else "has"
        more = f", and {counted(len(same) - MOST_OTHERS, 'other')}," if len(same) > MOST_OTHERS else ""
        return f"{enumerate_names(same[:MOST_OTHERS])}{more} {have} it.{did_you_mean(str(key), options_of(kind))}", ()
    return did_you_mean(str(key), options_of(kind)).lstrip(), ()


def _names_another(kind: type[Spec], value: object, catalog: Catalog) -> bool:
    """Whether a value names a component that could replace one of this class."""
    families = [base for base in kind.__mro__ if is_family(base)]
    return bool(families) and isinstance(value, str) and catalog.get(families[-1], value) is not None


def _value(table: Mapping[str, Any], path: Keys) -> Any:
    """The value at an existing path of a document."""
    value: Any = table
    for element in path:
        value = value[element]
    return value
