"""Suggestions for unknown and missing options: what was probably meant, and where it belongs."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from attrs import fields

from hookline.check.meant_option import Meant, UnknownKey
from hookline.check.sections_for_keys import Keys, homes_in
from hookline.check.unclear import MissingOption, Unclear, UnknownOption
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.suggestions import nearest
from hookline.plugins.catalog import Catalog
from hookline.spec.training import TrainingSpec
from hookline.spec.types import option_type

NO_COMPONENT = "This table is not a component and has no `type`."
"""The message for a `type` in a table that has none."""

MOST_MEANT = 200
"""The maximum number of unknown keys whose meaning is looked up."""

MOST_HOMES = 200
"""The maximum number of tables of a spec in which a misplaced key may belong."""


def with_suggestions(
    problems: Iterable[Diagnostic | Unclear], table: Mapping[str, Any], catalog: Catalog
) -> list[Diagnostic]:
    """The diagnostics with suggestions. A misspelled required option is reported once."""
    problems = list(problems)
    unknown = [problem for problem in problems if isinstance(problem, UnknownOption)]
    homes = list(islice(homes_in(table, catalog), MOST_HOMES)) if unknown else []
    missing = {problem.path: problem for problem in problems if isinstance(problem, MissingOption)}
    meant: dict[Keys, Meant] = {}
    for number, option in enumerate(unknown):
        found = UnknownKey(option, table, homes, catalog).meant() if number < MOST_MEANT else Meant("")
        meant[option.path] = _required(option, missing) or found
    explained = {found.path for found in meant.values()}
    made: list[Diagnostic] = []
    without_type: list[Diagnostic] = []
    for problem in problems:
        if isinstance(problem, UnknownOption):
            made.append(_unknown(problem, meant[problem.path]))
        elif isinstance(problem, Diagnostic):
            (without_type if problem.id == "missing-type" else made).append(problem)
    made += [problem for problem in without_type if problem.path not in explained]
    # A missing section may be in the spec that should have been extended.
    is_in_another = ("extends",) in explained
    made += [
        _missing(absent)
        for path, absent in missing.items()
        if path not in explained and not (len(path) == 1 and is_in_another)
    ]
    return made


def _required(unknown: UnknownOption, missing: Iterable[Keys]) -> Meant | None:
    """The missing option beside an unknown key that differs from it in one letter."""
    beside = [str(path[-1]) for path in missing if path[:-1] == unknown.path[:-1]]
    required = nearest(str(unknown.path[-1]), beside, most=1)
    return None if required is None else Meant(f'Did you mean "{required}"?', (*unknown.path[:-1], required))


def _unknown(unknown: UnknownOption, meant: Meant) -> Diagnostic:
    home = meant.path[:-1]
    elsewhere = (home,) if home and home != unknown.path[:-1] else ()
    message = NO_COMPONENT if unknown.is_type_of_none else unknown.message
    return Diagnostic("unknown-key", message, unknown.path, meant.help, on_key=True, related=elsewhere)


def _missing(absent: MissingOption) -> Diagnostic:
    option = getattr(fields(absent.kind), str(absent.path[-1]))
    what = option_type(absent.kind.option_type(option)).words
    is_section = absent.kind is TrainingSpec
    return Diagnostic(
        "missing-section" if is_section else "missing-option",
        f"This {'section' if is_section else 'option'} is missing.",
        absent.path,
        f"It must be {what}.",
    )
