"""Turn a table of TOML into a search space."""

from collections.abc import Mapping
from typing import Any

from cattrs import Converter, ForbiddenExtraKeysError, IterableValidationError, IterableValidationNote

from hookline.check.problems import INVALID
from hookline.errors.option_errors import InvalidValueError, OptionError
from hookline.errors.text import PathElement
from hookline.spec.space.domains import Choices, Domain, Range
from hookline.spec.space.space import Space, flattened, is_domain
from hookline.spec.words import found, wrong

MEANT = {
    **dict.fromkeys(("min", "minimum", "lower", "lower_bound", "from"), "low"),
    **dict.fromkeys(("max", "maximum", "upper", "upper_bound", "to"), "high"),
    **dict.fromkeys(("values", "options", "categories"), "choices"),
    "q": "step",
}
"""The keys of domains in other tuners."""


def space(value: Any, converter: Converter) -> Space:
    """The search space in a table.

    Raises:
        IterableValidationError: if domains or paths are invalid; it contains the errors of all of them.
        InvalidValueError: if it is not a table, or empty.

    """
    if not isinstance(value, dict):
        raise wrong(value, "a table with a range or choices for each path")
    if not value:
        message = "The space is empty: there is nothing to search."
        raise InvalidValueError(
            "invalid-value", message, "Add a path, such as optimizer.lr = { low = 1e-4, high = 1 }."
        )
    domains: dict[str, Domain] = {}
    places: dict[str, tuple[str, ...]] = {}
    errors: list[Exception] = []
    for keys, table in flattened(value):
        path = ".".join(keys)
        try:
            if len(keys) > 1 and (meant := MEANT.get(keys[-1])) and (not isinstance(table, list) or meant == "choices"):
                raise _of_other_tuners(keys[-1], meant)
            if (other := _overlapping(path, domains)) is not None:
                raise _overlap(path, other, keys[-1])
            domains[path], places[path] = _domain(table, converter), keys
        except OverlapError as error:
            errors.append(_at(error.cause, keys[:-1]))
        except INVALID as error:
            errors.append(_at(error, keys))
    if errors:
        raise IterableValidationError("", errors, Space)
    return Space(domains, places)


class OverlapError(Exception):
    """Raised for a key that is wrong, such as a path that another one replaces; the cause is the error at the key."""

    def __init__(self, cause: OptionError):
        """Keep the error."""
        super().__init__(str(cause))
        self.cause = cause


def _of_other_tuners(key: str, meant: str) -> OverlapError:
    message, help_text = f'There is no key "{key}" in a range or in choices.', f'Did you mean "{meant}"?'
    return OverlapError(OptionError(key, message, on_key=True, id="unknown-key", help=help_text))


def _overlapping(path: str, others: Mapping[str, Domain]) -> str | None:
    """The first path that contains another one or is contained in it."""
    return next(
        (other for other in others if f"{other}.".startswith(f"{path}.") or f"{path}.".startswith(f"{other}.")), None
    )


def _overlap(path: str, other: str, key: str) -> OverlapError:
    outer, inner = sorted((path, other), key=len)
    message = f'"{path}" is searched twice.' if path == other else f'"{outer}" already replaces "{inner}".'
    help_text = "" if path == other else f'Search "{inner}" inside the choices of "{outer}".'
    return OverlapError(OptionError(key, message, on_key=True, help=help_text))


def _domain(value: Any, converter: Converter) -> Domain:
    """The domain in a value of TOML."""
    if isinstance(value, list):
        return _choices(value, (), converter)
    if not isinstance(value, dict) or not is_domain(value):
        message = f"This must be a range or an array of choices, but it is {found(value)}."
        help_text = "Examples: { low = 1e-4, high = 0.1, log = true } and [16, 32, 64]."
        raise InvalidValueError("wrong-type", message, help_text)
    if others := [key for key in value if MEANT.get(key, key) not in value]:
        raise IterableValidationError("", [_of_other_tuners(key, MEANT[key]).cause for key in others], Range)
    if "choices" not in value:
        made: Range = converter.structure(value, Range)
        return made
    if others := [key for key in value if key != "choices"]:
        raise IterableValidationError("", [ForbiddenExtraKeysError("", Choices, {key}) for key in others], Choices)
    if not isinstance(value["choices"], list):
        raise _at(wrong(value["choices"], "an array of choices"), ("choices",))
    return _choices(value["choices"], ("choices",), converter)


def _choices(values: list[Any], place: tuple[str, ...], converter: Converter) -> Choices:
    if not values:
        raise _at(InvalidValueError("invalid-value", "There must be at least one choice."), place)
    errors: list[Exception] = []
    made = []
    for index, value in enumerate(values):
        if any(_same(value, other) for other in values[:index]):
            message = "This choice is listed twice."
            errors.append(_at(InvalidValueError("duplicate-component", message), (*place, index)))
            continue
        try:
            made.append(_template(value, converter))
        except INVALID as error:
            errors.append(_at(error, (*place, index)))
    if errors:
        raise IterableValidationError("", errors, Choices)
    return Choices(choices=tuple(made))


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


def _template(value: Any, converter: Converter) -> Any:
    """A choice, in which tables may be domains."""
    if isinstance(value, dict):
        if is_domain(value):
            return _domain(value, converter)
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    else:
        return value
    errors: list[Exception] = []
    made = {}
    for key, element in inner:
        try:
            made[key] = _template(element, converter)
        except INVALID as error:
            errors.append(_at(error, (key,)))
    if errors:
        raise IterableValidationError("", errors, Choices)
    return made if isinstance(value, dict) else list(made.values())


def _at(error: Exception, keys: tuple[PathElement, ...]) -> Exception:
    """The error inside of tables and arrays, to which the keys lead."""
    for key in reversed(keys):
        error.add_note(IterableValidationNote(f"key {key}", key, Any))
        error = IterableValidationError("", [error.with_traceback(None)], Any)
    return error
